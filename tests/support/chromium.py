"""A headless Chromium, driven through its debugging pipe: no port, no driver, no download."""

import base64
import json
import os
import select
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.wait import eventually

EXECUTABLE = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
_ANSWER_WITHIN_S = 30.0
_OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--no-proxy-server",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
)


class Page:
    """One tab. Calls wait for the browser's answer; `events` collects what it told meanwhile."""

    def __init__(self, to_browser: int, from_browser: int) -> None:
        """Open a tab through the two ends of the debugging pipe."""
        self._to, self._from = to_browser, from_browser
        self._buffer = b""
        self._number = 0
        self._session: str | None = None
        self.events: list[dict[str, Any]] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send one command of the DevTools protocol and return its result."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while (answer := self._receive()).get("id") != self._number:
            self.events.append(answer)
        assert "error" not in answer, f"{method}: {answer['error']}"
        return dict(answer["result"])

    def open(self, url: str) -> None:
        """Go to an address; does not wait for anything on it."""
        self.call("Page.navigate", url=url)

    def evaluate(self, expression: str) -> Any:
        """Return the JSON value of a JavaScript expression on the page."""
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in result, f"{expression}: {result['exceptionDetails']}"
        return result["result"].get("value")

    def until(self, expression: str, deadline: float = 30.0) -> Any:
        """Wait until an expression is true on the page, and return it."""
        try:
            return eventually(lambda: self.evaluate(expression), deadline, f"{expression} on the page")
        except AssertionError as error:
            error.add_note(f"the page shows {self.text()!r}")
            raise

    def text(self) -> str:
        """Return all text that the page shows."""
        return str(self.evaluate("document.body ? document.body.innerText : ''"))

    def look(self, scheme: str, width: int, height: int) -> None:
        """Take on a colour scheme (`light`, `dark`) and the size of a window."""
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )

    def screenshot(self, file: Path) -> None:
        """Write what is visible to a PNG file."""
        file.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))

    def complaints(self) -> list[str]:
        """Return errors and warnings of the console so far, breaches of the page's policy among them."""
        self.evaluate("1")  # collects what is waiting
        logged = [
            event["params"]["entry"] for event in self.events if event.get("method") == "Log.entryAdded"
        ]
        thrown = [
            event["params"]["exceptionDetails"]
            for event in self.events
            if event.get("method") == "Runtime.exceptionThrown"
        ]
        return [entry["text"] for entry in logged if entry["level"] in {"error", "warning"}] + [
            str(error) for error in thrown
        ]

    def addresses(self) -> set[str]:
        """Return the addresses that the browser asked for."""
        sent = (
            event["params"] for event in self.events if event.get("method") == "Network.requestWillBeSent"
        )
        return {str(parameters["request"]["url"]) for parameters in sent}

    def _receive(self) -> dict[str, Any]:
        deadline = time.monotonic() + _ANSWER_WITHIN_S
        while b"\0" not in self._buffer:
            readable, _, _ = select.select([self._from], [], [], max(0.0, deadline - time.monotonic()))
            assert readable, f"Chromium did not answer within {_ANSWER_WITHIN_S:g} s"
            part = os.read(self._from, 1 << 16)
            assert part, "Chromium ended"
            self._buffer += part
        message, _, self._buffer = self._buffer.partition(b"\0")
        return dict(json.loads(message))


@contextmanager
def browser(profile: Path) -> Iterator[Page]:
    """Start a browser with a new profile in the folder `profile`, yield a tab, and end the browser."""
    assert EXECUTABLE, "no Chromium here"
    its_input, to_browser = os.pipe()
    from_browser, its_output = os.pipe()
    command = f'exec "$@" 3<&{its_input} 4>&{its_output}'  # where Chromium expects its ends of the pipe
    process = subprocess.Popen(
        ["bash", "-c", command, "chromium", EXECUTABLE, *_OPTIONS, f"--user-data-dir={profile}"],
        pass_fds=(its_input, its_output),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=(profile.parent / "chromium.log").open("wb"),
        start_new_session=True,
    )
    os.close(its_input)
    os.close(its_output)
    try:
        yield Page(to_browser, from_browser)
    finally:
        os.close(to_browser)  # it ends when its input does
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            process.wait(10)
        os.close(from_browser)
