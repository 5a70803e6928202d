"""The live page in a real browser, on the real port, over a worker that is played."""

import asyncio
import os
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from stream.alerts.attribution import Contribution
from stream.alerts.lookout import Standing
from stream.export.http import start_http
from stream.export.service import ServiceMetrics
from stream.scoring.families import Row, Series
from stream.scoring.worth import SCALE, Account
from stream.settings import Settings
from tests.support.chromium import EXECUTABLE, Page, browser
from tests.support.tallies import of_accounts

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        EXECUTABLE is None and not os.environ.get("CX_TEST_REQUIRE_CHROMIUM"), reason="NO CHROMIUM HERE"
    ),
]
ACCOUNTS = [
    *[Account("EUR", 20_000, 20_002, 1, 30 * SCALE, 20 * SCALE)] * 6,
    *[Account("SEK", 20_000, 20_000, 0, 99 * SCALE, 0)] * 5,
    *[Account("USD", 20_000, 20_000, 0, 99 * SCALE, 0)] * 4,
]
MARKUP = "<img src=x onerror=alert(1)>"


def series(tenant: str = "acme", level: str = "interaction", channel: str = "") -> Series:
    """A series by total, or of a channel."""
    return Series(tenant, level, "channel" if channel else "total", channel, "", "")


def rows() -> list[Row]:
    """Scores with enough answers, with few, with too few, and with none."""
    return [
        Row(series(), "nps", "1h", (50, 30, 20)),
        Row(series(), "nps", "5m", (10, 0, 10)),
        Row(series(), "csat", "1h", (5, 5, 30, 40, 20)),
        Row(series(), "ces", "1h", (1, 1, 1, 1, 3, 2, 1)),
        Row(series(), "positive", "1h", (0, 0, 0)),
        Row(series(), "response", "1h", (4, 1)),
        Row(series(level=""), "buyers", "1h", (30, 70)),
        Row(series(level=""), "value", "1h", of_accounts(20_010, ACCOUNTS)),
        Row(series(channel="web"), "nps", "1h", (40, 20, 10)),
        Row(series(channel="phone"), "nps", "1h", (10, 10, 10)),
        Row(series(channel="store"), "nps", "1h", (1, 1, 1)),
        Row(series(level="relationship"), "nps", "1h", (0, 0, 40)),
        Row(series(tenant="globex"), "nps", "1h", (0, 100, 0)),
    ]


@dataclass
class FakeWorker:
    """The port of a worker in a thread of its own; its rows and its readiness are set by the test."""

    tallies: list[Row] = field(default_factory=rows)
    watched: list[Standing] = field(default_factory=list)
    reason: str = ""
    address: str = ""
    _stop: asyncio.Event = field(default_factory=asyncio.Event)
    _loop: asyncio.AbstractEventLoop | None = None
    _thread: threading.Thread | None = None

    def rows(self) -> list[Row]:
        """Return what the test put in."""
        return list(self.tallies)

    def standings(self) -> list[Standing]:
        """Return what is watched."""
        return list(self.watched)

    def ready(self) -> tuple[bool, str]:
        """Ready unless there is a reason not to be."""
        return not self.reason, self.reason

    def start(self) -> None:
        """Listen on a free port."""
        started: Future[str] = Future()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve(started)), daemon=True)
        self._thread.start()
        self.address = started.result(10)

    def stop(self) -> None:
        """Close the port."""
        if self._loop and self._thread:
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(10)
            self._loop = None

    async def _serve(self, started: "Future[str]") -> None:
        runner = await start_http(
            Settings.from_env({"CX_METRICS_PORT": "0", "CX_WINDOWS": "5m,1h"}), self, ServiceMetrics()
        )
        host, port = runner.addresses[0][:2]
        self._loop = asyncio.get_running_loop()
        started.set_result(f"http://{host}:{port}/")
        await self._stop.wait()
        await runner.cleanup()


@pytest.fixture
def worker() -> Iterator[FakeWorker]:
    """A worker that is there."""
    fake = FakeWorker()
    fake.start()
    yield fake
    fake.stop()


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """One browser for all tests of this file."""
    with browser(tmp_path_factory.mktemp("chromium") / "profile") as page:
        yield page


@pytest.fixture
def page(chromium: Page, worker: FakeWorker) -> Page:
    """The page of the worker, with its first scores."""
    chromium.events.clear()
    chromium.look("light", 1440, 1000)
    chromium.open(worker.address)
    chromium.until("document.querySelectorAll('#tiles .tile').length === 13")
    return chromium


def tile(page: Page, metric: str) -> str:
    """The text of one tile, on one line."""
    text = page.evaluate(f"document.querySelector('[data-metric={metric}]').innerText")
    return " ".join(str(text).split())


def test_tiles_show_score_interval_and_n(page: Page) -> None:
    """What an operator comes for."""
    assert "+30.0" in tile(page, "nps")
    assert "95 %: +14.1 to +44.2" in tile(page, "nps")
    assert "100 answers" in tile(page, "nps")
    assert "50 promoters 30 passive 20 detractors" in tile(page, "nps")
    assert "60.0 %" in tile(page, "csat")
    assert "100 answers, mean 3.65" in tile(page, "csat")


def test_buyers_and_what_they_are_worth_have_tiles(page: Page) -> None:
    """By currency, and none of four customers; they have no channel, so no column."""
    assert "30.0 %" in tile(page, "buyers")
    assert "100 new customers" in tile(page, "buyers")
    shown = tile(page, "value")
    assert "EUR 30.00" in shown
    assert "SEK 99.00" in shown
    assert "USD" not in shown
    heads = page.evaluate("[...document.querySelectorAll('#table thead th')].map(th => th.innerText)")
    assert "Journeys" in heads
    assert not {"Churn", "Buyers lost", "One-time buyers", "Lifetime value"} & set(heads)


def test_few_answers_are_marked(page: Page) -> None:
    """Ten answers: shown, with a badge; a hundred: without."""
    assert "few answers" in tile(page, "ces")
    assert "few answers" not in tile(page, "nps")


def test_too_few_and_none_are_told_apart_and_neither_is_0(page: Page) -> None:
    """Four invitations are hidden to protect people; no interactions are none."""
    assert "Fewer than 5 invitations" in tile(page, "response")
    assert "Nothing in this window" in tile(page, "positive")
    for metric in ("response", "positive"):
        assert "0.0" not in tile(page, metric)


def test_the_table_has_a_row_for_each_channel(page: Page) -> None:
    """Sorted by name, so that rows stay where they are."""
    names = page.evaluate("[...document.querySelectorAll('#table tbody th')].map(th => th.innerText)")
    assert ["phone", "store", "web"] == names
    cells = page.evaluate(
        "[...document.querySelectorAll('#table tbody td:nth-child(2)')].map(td => td.innerText)"
    )
    cells = [" ".join(text.split()) for text in cells]
    assert cells[0].startswith("0.0 n 30")
    assert "fewer than 5" in cells[1]
    assert cells[2].startswith("+42.9 n 70")


def test_scores_move_while_the_page_is_open(page: Page, worker: FakeWorker) -> None:
    """Nobody has to reload."""
    worker.tallies[0] = Row(series(), "nps", "1h", (50, 30, 40))
    page.until("document.querySelector('[data-metric=nps] .value').innerText === '+8.3'")


def test_window_level_and_tenant_can_be_chosen(page: Page) -> None:
    """The choice stays in the address, so that it can be sent to somebody."""
    page.evaluate("document.querySelector('#windows [value=\"5m\"]').click()")
    page.until("document.querySelector('[data-metric=nps] .value').innerText === '0.0'")
    page.evaluate("document.querySelector('#windows [value=\"1h\"]').click()")
    choose = """(id, value) => {
      const select = document.getElementById(id);
      select.value = value;
      select.dispatchEvent(new Event('change', {bubbles: true}));
    }"""
    page.until("document.querySelectorAll('#level option').length === 2")
    page.evaluate(f"({choose})('level', 'relationship')")
    page.until("document.querySelector('[data-metric=nps] .value').innerText === '\u2212100.0'")
    page.evaluate(f"({choose})('level', 'interaction')")
    page.evaluate(f"({choose})('tenant', 'globex')")
    page.until("document.querySelector('[data-metric=nps]').innerText.includes('100 passive')")
    assert "tenant=globex" in page.evaluate("location.hash")


def test_a_choice_in_the_address_is_taken(chromium: Page, worker: FakeWorker) -> None:
    """A link leads to what its sender saw."""
    chromium.open(worker.address + "#tenant=globex&window=1h")
    chromium.until("document.querySelector('[data-metric=nps]')?.innerText.includes('100 passive')")


def test_a_worker_that_recovers_says_so(page: Page, worker: FakeWorker) -> None:
    """Its figures may be incomplete."""
    worker.reason = "recovering 2 of 4 partitions"
    page.until("document.getElementById('status').innerText === 'Not ready: recovering 2 of 4 partitions'")
    worker.reason = ""
    page.until("document.getElementById('status').innerText === 'Live'")


def test_a_worker_that_is_gone_is_told_and_old_figures_are_dimmed(page: Page, worker: FakeWorker) -> None:
    """Old figures must not look like news."""
    worker.stop()
    page.until("document.getElementById('status').innerText.startsWith('Worker unreachable')")
    assert page.evaluate("getComputedStyle(document.getElementById('tiles')).opacity") != "1"


def test_labels_are_text_and_never_markup(page: Page, worker: FakeWorker) -> None:
    """Decoding rejects such a label; the page does not rely on it."""
    worker.tallies.append(Row(series(channel=MARKUP), "nps", "1h", (9, 9, 9)))
    page.until(f"document.getElementById('table').innerText.includes({MARKUP!r})")
    assert page.evaluate("document.querySelectorAll('img').length") == 0


def test_the_page_asks_nobody_but_its_worker_and_keeps_to_its_policy(page: Page, worker: FakeWorker) -> None:
    """No font, script or picture of another host; nothing that the policy had to stop; no error."""
    page.until("document.getElementById('status').innerText === 'Live'")
    others = {address for address in page.addresses() if not address.startswith((worker.address, "data:"))}
    assert set() == others
    assert [] == page.complaints()


def test_every_choice_has_a_name_and_the_page_a_language(page: Page) -> None:
    """What a screen reader reads out."""
    nodes = page.call("Accessibility.getFullAXTree")["nodes"]
    asked = {"combobox", "radio", "table", "link", "heading", "status", "radiogroup"}
    found = [
        (node["role"]["value"], node.get("name", {}).get("value", "")) for node in nodes if "role" in node
    ]
    assert asked <= {role for role, _ in found} | {"table"}
    named = [(role, name) for role, name in found if role in {"combobox", "radio", "radiogroup", "link"}]
    assert [] == [role for role, name in named if not name]
    assert page.evaluate("document.documentElement.lang") == "en"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 800, 1440])
def test_nothing_is_wider_than_the_window(page: Page, scheme: str, width: int, tmp_path: Path) -> None:
    """On a phone and on a wall; a picture of each is kept with the test's files."""
    page.look(scheme, width, 1000)
    page.screenshot(tmp_path / f"page-{scheme}-{width}.png")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert [] == page.evaluate(
        """[...document.querySelectorAll('.badge')].filter(badge =>
          badge.getBoundingClientRect().right > badge.closest('.tile').getBoundingClientRect().right
        ).map(badge => badge.innerText)"""
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_enough_contrast(page: Page, scheme: str) -> None:
    """4.5 to 1 or better (WCAG 2.2, 1.4.3) for the colours that text is set in."""
    page.look(scheme, 1440, 1000)
    ratios = page.evaluate(
        """(() => {
          const style = getComputedStyle(document.documentElement);
          const channel = c => (c /= 255) <= .03928 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4;
          const light = name => {
            const hex = style.getPropertyValue(name).trim().slice(1);
            const [r, g, b] = [0, 2, 4].map(i => channel(parseInt(hex.slice(i, i + 2), 16)));
            return .2126 * r + .7152 * g + .0722 * b;
          };
          const pairs = [
            ["--text", "--page"], ["--text", "--card"], ["--soft", "--page"], ["--soft", "--card"],
            ["--accent", "--card"], ["--accent", "--page"], ["--warn-text", "--warn-back"],
            ["--stop-text", "--stop-back"], ["--ok-text", "--ok-back"],
          ];
          return Object.fromEntries(pairs.map(([a, b]) => {
            const [x, y] = [light(a), light(b)].sort((m, n) => n - m);
            return [a + " on " + b, (x + .05) / (y + .05)];
          }));
        })()"""
    )
    assert {} == {pair: ratio for pair, ratio in ratios.items() if ratio < 4.5}


def test_a_drop_is_told_with_its_size_and_where_it_comes_from(page: Page, worker: FakeWorker) -> None:
    """Above all scores, while its alarm stands; parts that say nothing are left out."""
    assert "" == page.evaluate("document.getElementById('drops').innerText")
    parts = [
        Contribution("channel", MARKUP, "rate", -12.5, 1.5),
        Contribution("touchpoint", "pay", "mix", -4.0, 1.0),
        Contribution("channel", "web", "rate", 1.0, 0.9),
    ]
    total = "acme", "nps", ("interaction", "total", "", "", "")
    worker.watched = [
        Standing(total, 2.0, active=True, points=-13.5, since_ms=0, contributions=parts, late=0)
    ]
    page.until("document.querySelectorAll('#drops .drop').length === 1")
    text = str(page.evaluate("document.getElementById('drops').innerText"))
    assert "NPS has dropped by 13.5 points" in text
    assert f"channel {MARKUP}: \u221212.5 points, its own score changed" in text
    assert "touchpoint pay: \u22124.0 points, its share of the answers changed" in text
    assert "web" not in text
    worker.watched = []
    page.until("document.querySelectorAll('#drops .drop').length === 0")
