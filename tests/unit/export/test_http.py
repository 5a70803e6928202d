"""The port: what each path answers, in which format, with which headers."""

import asyncio
import gzip
import json
import re
import threading
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import ClientSession, web
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from stream import catalogue
from stream.alerts.lookout import Standing
from stream.export.http import start_http
from stream.export.service import ServiceMetrics
from stream.scoring.families import FAMILIES, Row, Rows, Series
from stream.settings import Settings
from tests.support.tallies import of_n

TOTAL = Series("acme", "interaction", "total", "", "", "")
OPENMETRICS = {"Accept": "application/openmetrics-text; version=1.0.0"}
TEXT = {"Accept": "text/plain"}


@dataclass
class FakeSource:
    """A worker without Kafka."""

    tallies: list[Row] = field(default_factory=list)
    watched: list[Standing] = field(default_factory=list)
    reason: str = ""
    threads: set[str] = field(default_factory=set)

    def series(self) -> list[Rows]:
        """Return what was put in."""
        self.threads.add(threading.current_thread().name)
        return [(row,) for row in self.tallies]

    def standings(self) -> list[Standing]:
        """Return what is watched."""
        return list(self.watched)

    def ready(self) -> tuple[bool, str]:
        """Ready unless there is a reason not to be."""
        return not self.reason, self.reason


@dataclass
class Site:
    """A started port, and a client that does not unpack what it gets."""

    source: FakeSource
    session: ClientSession
    base: str

    async def get(self, path: str, **headers: str) -> tuple[int, Any, bytes]:
        """Return status, headers and body."""
        async with self.session.get(self.base + path, headers=headers) as answer:
            return answer.status, answer.headers, await answer.read()


def run(scene: Callable[[Site], Coroutine[None, None, None]], source: FakeSource | None = None) -> None:
    """Start the port on a free one and play a scene."""

    async def play() -> None:
        source_ = source or FakeSource()
        runner = await start_http(
            Settings.from_env({"CX_METRICS_PORT": "0", "CX_WINDOWS": "5m,1h"}), source_, ServiceMetrics()
        )
        host, port = runner.addresses[0][:2]
        async with ClientSession(auto_decompress=False, skip_auto_headers=["Accept-Encoding"]) as session:
            try:
                await scene(Site(source_, session, f"http://{host}:{port}"))
            finally:
                await runner.cleanup()

    asyncio.run(play())


def rows() -> list[Row]:
    """One row of each family."""
    return [Row(TOTAL, name, "1h", of_n(name, 40)) for name in FAMILIES]


def test_both_formats_hold_the_series_and_the_service() -> None:
    """Each is whole, parses strictly, and carries its content type."""

    async def scene(site: Site) -> None:
        _, headers, body = await site.get("/metrics", **TEXT)
        assert headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        text = [sample for family in parse_text(body.decode()) for sample in family.samples]
        _, headers, body = await site.get("/metrics", **OPENMETRICS)
        assert headers["Content-Type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8"
        openmetrics = [sample for family in parse_openmetrics(body.decode()) for sample in family.samples]  # type: ignore[no-untyped-call]
        assert text == openmetrics
        assert body.count(b"# EOF\n") == 1
        assert {"cx_nps_score", "cx_state_ready", "cx_build_info"} <= {sample.name for sample in text}

    run(scene, FakeSource(rows()))


def test_families_come_in_the_order_of_the_catalogue() -> None:
    """Series first, then the service."""

    async def scene(site: Site) -> None:
        _, _, body = await site.get("/metrics", **TEXT)
        helped = re.findall(r"^# HELP (\S+)", body.decode(), re.MULTILINE)
        assert [family.name for family in catalogue.FAMILIES if family.available] == helped

    run(scene)


@pytest.mark.parametrize("path", ["/metrics", "/api/scores"])
def test_gzip_is_the_same_body_packed(path: str) -> None:
    """For those who accept it, and only for them."""

    async def scene(site: Site) -> None:
        _, plain_headers, plain = await site.get(path)
        _, headers, packed = await site.get(path, **{"Accept-Encoding": "gzip, deflate"})
        assert "Content-Encoding" not in plain_headers
        assert headers["Content-Encoding"] == "gzip"
        assert "Accept-Encoding" in headers["Vary"]
        without_time = re.compile(rb'"time_ms":\d+')
        assert without_time.sub(b"", plain) == without_time.sub(b"", gzip.decompress(packed))

    run(scene, FakeSource(rows()))


def test_two_scrapes_of_equal_data_are_equal_bytes() -> None:
    """Packed ones too: no time of day in the gzip header."""

    async def scene(site: Site) -> None:
        answers = [await site.get("/metrics", **{"Accept-Encoding": "gzip"}) for _ in range(2)]
        assert answers[0][2] == answers[1][2]
        assert answers[0][2][4:8] == bytes(4)

    run(scene, FakeSource(rows()))


def test_rendering_happens_off_the_event_loop() -> None:
    """However many series there are, Kafka is not kept waiting."""

    async def scene(site: Site) -> None:
        await site.get("/metrics")
        await site.get("/api/scores")
        assert threading.current_thread().name not in site.source.threads

    run(scene, FakeSource(rows()))


def test_health_does_not_depend_on_readiness() -> None:
    """A worker that recovers is alive, and must not be restarted for it."""

    async def scene(site: Site) -> None:
        status, _, body = await site.get("/readyz")
        assert (status, body) == (503, b"recovering 2 of 4 partitions\n")
        assert (await site.get("/healthz"))[0] == 200
        site.source.reason = ""
        status, _, body = await site.get("/readyz")
        assert (status, body) == (200, b"ready\n")

    run(scene, FakeSource(reason="recovering 2 of 4 partitions"))


def test_scores_come_as_json_with_what_the_page_must_know() -> None:
    """Windows and views as set, tenants as found, and the limits."""

    async def scene(site: Site) -> None:
        async with site.session.get(site.base + "/api/scores") as answer:
            found = await answer.json()
        assert ["5m", "1h"] == found["windows"]
        assert ["total", "channel", "touchpoint"] == found["views"]
        assert ["acme"] == found["tenants"]
        assert (5, 30) == (found["min_privacy"], found["min_responses"])
        assert (True, "") == (found["ready"], found["reason"])
        assert sorted(FAMILIES) == [entry["metric"] for entry in found["scores"]]
        assert all(isinstance(entry["score"], float) for entry in found["scores"])

    run(scene, FakeSource(rows()))


@pytest.mark.parametrize(
    ("expected", "query"),
    [
        (len(FAMILIES), ""),
        (len(FAMILIES), "tenant=acme&window=1h&view=total&view=channel"),
        (0, "tenant=globex"),
        (0, "window=5m"),
        (0, "view=channel"),
        (0, "tenant=%00%ff'%22<script>"),
    ],
)
def test_a_query_narrows_the_scores_down(expected: int, query: str) -> None:
    """Unknown values select nothing, and break nothing."""

    async def scene(site: Site) -> None:
        async with site.session.get(f"{site.base}/api/scores?{query}") as answer:
            assert expected == len((await answer.json())["scores"])

    run(scene, FakeSource(rows()))


def test_hidden_figures_are_on_no_path() -> None:
    """Four answers: no path tells how they divide."""

    async def scene(site: Site) -> None:
        for path in ("/metrics", "/api/scores"):
            _, _, body = await site.get(path)
            assert b"3.0" not in re.sub(rb"(?m)^cx_(?!nps|survey).*$", b"", body)
            assert b'"promoter":' not in body
            assert b"cx_nps_score{" not in body

    run(scene, FakeSource([Row(TOTAL, "nps", "1h", (3, 0, 1))]))


def test_the_page_may_run_its_own_script_and_nothing_else() -> None:
    """A strict policy: hashes of what is in the file, no other host, no frame around it."""

    async def scene(site: Site) -> None:
        _, headers, body = await site.get("/")
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "connect-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert "http" not in policy
        addresses = re.findall(rb"https?://[^\"'\s>]+", body)
        assert {b"http://www.w3.org/2000/svg"} == set(addresses)  # names of formats; nobody asks there

    run(scene)


def test_the_page_never_makes_markup_of_text() -> None:
    """Labels come from whoever publishes events."""

    async def scene(site: Site) -> None:
        _, _, body = await site.get("/")
        for way in (b"innerHTML", b"outerHTML", b"insertAdjacentHTML", b"document.write", b"eval("):
            assert way not in body

    run(scene)


@pytest.mark.parametrize(
    ("status", "path"),
    [
        (200, "/"),
        (200, "/metrics"),
        (200, "/healthz"),
        (200, "/readyz"),
        (200, "/api/scores"),
        (404, "/nothing"),
    ],
)
def test_every_answer_carries_the_headers_of_caution(status: int, path: str) -> None:
    """Errors too; and none tells which versions run here."""

    async def scene(site: Site) -> None:
        found, headers, _ = await site.get(path)
        assert status == found
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == "no-store"
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert headers["Server"] == "cx-stream"

    run(scene)


def test_nothing_is_changed_through_the_port() -> None:
    """It only reads."""

    async def scene(site: Site) -> None:
        for method in ("POST", "PUT", "DELETE"):
            async with site.session.request(method, site.base + "/api/scores") as answer:
                assert answer.status == 405

    run(scene)


def test_an_error_of_the_source_is_a_500_and_the_port_lives_on() -> None:
    """A scrape that fails is seen as `up == 0`; the next one may succeed."""

    class Broken(FakeSource):
        def series(self) -> list[Rows]:
            if self.reason:
                raise RuntimeError("no")
            return []

    async def scene(site: Site) -> None:
        assert (await site.get("/metrics"))[0] == 500
        site.source.reason = ""
        assert (await site.get("/metrics"))[0] == 200

    run(scene, Broken(reason="broken"))


def test_a_port_in_use_is_an_error_at_once() -> None:
    """Two workers with the same port: the second must say so and stop."""

    async def scene(site: Site) -> None:
        settings = Settings.from_env({"CX_METRICS_PORT": site.base.rpartition(":")[2]})
        with pytest.raises(OSError, match="in use"):
            await start_http(settings, FakeSource(), ServiceMetrics())

    run(scene)


def test_the_runner_tells_its_address() -> None:
    """Loopback unless told otherwise."""

    async def play() -> None:
        runner: web.AppRunner = await start_http(
            Settings.from_env({"CX_METRICS_PORT": "0"}), FakeSource(), ServiceMetrics()
        )
        try:
            assert ["127.0.0.1"] == [address[0] for address in runner.addresses]
        finally:
            await runner.cleanup()

    asyncio.run(play())


def test_what_is_watched_is_on_both_pages() -> None:
    """Metrics, and JSON for the page."""
    watched = Standing(
        ("acme", "nps", TOTAL[1:]), 0.5, active=False, points=None, since_ms=None, contributions=[], late=0
    )

    async def scene(site: Site) -> None:
        _, _, text = await site.get("/metrics")
        assert b'cx_drop_evidence_ratio{by="total",channel="",level="interaction",metric="nps"' in text
        _, _, body = await site.get("/api/scores")
        (drop,) = json.loads(body)["drops"]
        assert 0.5 == drop["evidence"]

    run(scene, FakeSource(watched=[watched]))
