"""What is expected of an alert is what the detector does."""

import random
import re
from pathlib import Path
from statistics import fmean

import msgspec
import pytest

from stream.alerts.bets import DAY_MS, threshold
from stream.alerts.scale import SCALES
from stream.alerts.watcher import Guard, Pane, State, step
from stream.plan import USUAL, Plan, outlook, tilted

PLAN = Plan("nps", 30, 15, 100, 1, 5, 1)


@pytest.mark.parametrize("metric", SCALES)
def test_tilted_shares_make_the_score(metric: str) -> None:
    """Anywhere within the scale."""
    scale = SCALES[metric]
    for part in (0.05, 0.4, 0.8, 0.95):
        score = scale.low + part * (scale.high - scale.low)
        shares = tilted(scale, USUAL[metric], score)
        assert 1 == pytest.approx(sum(shares))
        assert score == pytest.approx(sum(s * (w or 0) for s, w in zip(shares, scale.worth, strict=True)))


def test_the_expected_delay_is_that_of_the_product_s_step() -> None:
    """Sixty drops through the real detector, an answer a pane; within three standard errors or so."""
    rng, scale = random.Random(3), SCALES["nps"]
    after = tilted(scale, USUAL["nps"], 15)
    guard, delays = Guard(scale, 30, 5, 3_000), []
    settled = State()
    every_ms = DAY_MS // 100
    for number in range(500):
        step(settled, guard, _answer(rng, USUAL["nps"], number * every_ms), 1)
    assert not settled.active
    for _ in range(60):
        state, number = msgspec.msgpack.decode(msgspec.msgpack.encode(settled), type=State), 500
        while not state.active:
            step(state, guard, _answer(rng, after, number * every_ms), 1)
            number += 1
        delays.append((number - 500) / 100)
    found = outlook(PLAN)
    assert found.mean is not None
    assert found.mean == pytest.approx(fmean(delays), rel=0.3)


def _answer(rng: random.Random, shares: tuple[float, ...], at_ms: int) -> Pane:
    (cell,) = rng.choices(range(3), shares)
    return Pane(1_000 * DAY_MS + at_ms, tuple(int(each == cell) for each in range(3)), {})


def test_more_answers_smaller_budgets_and_drops_move_it_the_right_way() -> None:
    """In days: more answers are faster, a smaller budget or drop slower."""
    usual = outlook(PLAN).mean
    assert usual is not None
    assert (outlook(PLAN._replace(per_day=1_000)).mean or 0) < usual
    assert (outlook(PLAN._replace(budget=0.01)).mean or 0) > usual
    assert (outlook(PLAN._replace(series=50)).mean or 0) > usual
    assert (outlook(PLAN._replace(drop=10)).mean or 0) > usual


def test_false_alarms_are_the_share_of_the_budget_or_less() -> None:
    """Less where a month has fewer than 720 answers."""
    assert pytest.approx(1) == outlook(PLAN).false_alarms_per_month
    assert pytest.approx(600 / 720) == outlook(PLAN._replace(per_day=20)).false_alarms_per_month
    assert threshold(3_000, 1) == outlook(PLAN).threshold


def test_a_drop_that_comes_too_slowly_counts_as_missed() -> None:
    """One answer a day, a small drop."""
    found = outlook(PLAN._replace(per_day=1, drop=8))
    assert found.missed > 0.8
    assert found.most is None


def test_the_table_of_the_documents_is_what_is_expected() -> None:
    """An operator plans with it. Within the digits that are printed."""
    page = (Path(__file__).resolve().parents[2] / "docs/alerts.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+) \| (.+) \| (.+) \| (.+) \|$", page, re.MULTILINE)
    assert 4 == len(rows)
    for per_day, *cells in rows:
        for drop, cell in zip((10, 15, 25), cells, strict=True):
            number, unit = cell.split()
            found = outlook(PLAN._replace(per_day=float(per_day), drop=drop)).mean
            assert found is not None
            assert float(number) == pytest.approx(found * {"days": 1, "hours": 24}[unit], rel=0.04)
