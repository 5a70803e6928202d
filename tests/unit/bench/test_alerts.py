"""The benchmark of the detector measures the product's detector; its limits are those of the literature."""

import json
from itertools import pairwise

import numpy as np
import pytest

from bench.alerts import esr, report, rules
from bench.alerts.answers import KINDS, NORMAL, divergence, least_divergence, tilted
from bench.alerts.cells import OURS, Cell
from bench.alerts.esr import Bank
from bench.alerts.plot import plot
from stream.alerts.bets import DAY_MS
from stream.alerts.scale import SCALES
from stream.alerts.watcher import Guard, Pane, State, step

MINUTE_MS = 60_000


def _product(panes: list[tuple[int, ...]], limit: float) -> tuple[list[float], list[bool]]:
    """Evidence and alarm after each pane, by the product's own step; in two days nothing is learned."""
    state, guard = State(), Guard(SCALES["nps"], 30, 0, limit)
    ratios, active = [], []
    for number, counts in enumerate(panes, start=1):
        step(state, guard, Pane(1_000 * DAY_MS + number * MINUTE_MS, counts, {}), 1)
        ratios.append(state.ratio)
        active.append(state.active)
    return ratios, active


@pytest.mark.parametrize("volume", [0.3, 2, 15])
def test_the_vectorised_step_is_the_product_s_step(volume: float) -> None:
    """Unchanged, dropped, recovered, and again: evidence to twelve digits, alarms to the minute."""
    rng = np.random.default_rng(5)
    bad = tilted(-10)
    shares = [NORMAL] * 200 + [bad] * 250 + [tilted(60)] * 500 + [NORMAL] * 100 + [bad] * 250
    counts = np.array([rng.poisson(volume * np.array(each)) for each in shares], dtype=np.int32)
    wanted_ratios, wanted = _product([tuple(map(int, each)) for each in counts], 2_000)

    bank, table, ratios, active = Bank.empty(1), esr.logs(30, 0), [], []
    for each in counts:
        bank.take(each[None] @ table.T, np.array([each.sum()]), 2_000)
        ratios.append(float(bank.ratio(2_000)[0]))
        active.append(bool(bank.active[0]))

    assert wanted_ratios == pytest.approx(ratios, rel=1e-9, abs=1e-300)
    assert wanted == active
    assert wanted == esr.run(counts[:, None], table, 2_000)[:, 0].tolist()
    assert 2 == sum(b and not a for a, b in pairwise(wanted)) or volume < 1


def test_the_limit_is_the_published_one() -> None:
    """From .5/.3/.2 to +15: KL .01787; 235 answers at 1e4, 362 at 1e5, to one per cent."""
    kl = divergence(tilted(15))
    assert pytest.approx(0.01787, abs=5e-6) == kl
    assert pytest.approx(235, rel=0.01) == rules.optimum(kl, 1e4)
    assert pytest.approx(362, rel=0.01) == rules.optimum(kl, 1e5)


@pytest.mark.parametrize("kind", KINDS)
def test_drops_have_the_size_they_say(kind: str) -> None:
    """And the score alone never tells more than the mix."""
    for points in (5, 10, 15, 25, 40):
        shares = KINDS[kind](points)
        if shares is not None:
            assert 30 - points == pytest.approx(100 * (shares[0] - shares[2]))
            assert 0 < least_divergence(shares) <= divergence(shares) + 1e-12


def test_windows_and_for_are_those_of_prometheus() -> None:
    """Sums over the last minutes; a condition holds ten minutes before it fires."""
    counts = np.zeros((30, 1, 3), dtype=np.int32)
    counts[:, 0, 0], counts[10:, 0, 2] = 1, 1
    answers, net = rules.Sums(counts).window(5)
    assert [1, 5, 5, 10] == [answers[at, 0] for at in (0, 4, 9, 14)]
    assert [1, 5, 5, 0] == [net[at, 0] for at in (0, 4, 9, 14)]
    condition = np.arange(30)[:, None] >= 5
    assert 15 == int(rules.held(condition, 10).argmax())


def _cell(alarms: int) -> Cell:
    return Cell(OURS, 10, "constant", alarms, 240, 21.0, 40.0, 0.0)


def test_an_overrun_budget_is_seen() -> None:
    """By more than chance."""
    assert [] == report.overruns(report.Figures(1, [], [_cell(260)]))
    assert 1 == len(report.overruns(report.Figures(1, [], [_cell(300)])))


def test_figures_come_back_from_json() -> None:
    """What there is none of as none."""
    figures = report.Figures(1, [], [_cell(3)._replace(delay_h=float("nan"))])
    kept = json.loads(json.dumps(report.dumped(figures), allow_nan=False))
    assert report.page(figures) == report.page(report.loaded(kept))
    assert plot(figures.cells).startswith("<svg")
