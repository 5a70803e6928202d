"""Standing contributions to exported cells: views, windows, and what a small window may show."""

from collections import Counter, defaultdict
from collections.abc import Iterable

from tests.support.recount.model import Cell, Counted, Recount, Rules
from tests.support.recount.scoring import Tally, exported

DAY_MS = 86_400_000
Series = tuple[tuple[str, str], ...]


def series_of(counted: Counted, view: str) -> Series | None:
    """The labels of the series that this view puts it in, None when it lacks a value."""
    labels = {"channel": "", "touchpoint": "", "segment": ""}
    segments = dict(counted.segments)
    if view != "total":
        for key in view.split("+"):
            value = getattr(counted, key) if key in {"channel", "touchpoint"} else segments.get(key, "")
            if not value:
                return None
            name = key if key in {"channel", "touchpoint"} else "segment"
            labels[name] = "+".join(filter(None, (labels[name], value)))
    return (("tenant", counted.tenant), ("level", counted.level), ("by", view), *labels.items())


def holds(time_ms: int, size_ms: int, pane_ms: int, end_ms: int) -> bool:
    """Whether a window holds this time: `size / pane` panes up to and with the one that holds its end."""
    last = end_ms // pane_ms
    return last - size_ms // pane_ms < time_ms // pane_ms <= last


def cells(recount: Recount, rules: Rules, now_ms: int | None = None) -> dict[Cell, float]:
    """Every exported count and score; windows end at `now_ms`, or by the event clock where that is set."""
    tallies: dict[tuple[str, Series], dict[str, Tally]] = defaultdict(lambda: defaultdict(Counter))
    for counted in recount.standing:
        end_ms = _end_ms(counted, recount, rules, now_ms)
        into = _windows_of(counted, rules, end_ms)
        what = counted.what
        if counted.family == "waiting":
            what = end_ms - counted.time_ms
        elif isinstance(what, tuple) and counted.family == "value":
            what = (*what, end_ms // DAY_MS)
        for series in filter(None, (series_of(counted, view) for view in rules.views)):
            for window in into:
                tallies[counted.family, series][window][what] += 1
    found: dict[Cell, float] = {}
    _customers(recount, rules, now_ms, tallies)
    for (family, series), by_window in tallies.items():
        for window in _alive(by_window, rules):
            for (name, own), value in exported(family, by_window[window], rules).items():
                found[name, tuple(sorted((*series, ("window", window), *own)))] = value
    return found


def _customers(
    recount: Recount,
    rules: Rules,
    now_ms: int | None,
    tallies: dict[tuple[str, Series], dict[str, Tally]],
) -> None:
    """Who was active where a window begins, and who of these is not where it ends; in all windows or none."""
    for family, tenant, customer in recount.customers:
        nobody = Counted(family, "", tenant, "", "", "", (), 0)
        series = series_of(nobody, "total")
        if "total" not in rules.views or series is None:
            continue
        for window, size in rules.windows:
            pane = rules.pane_ms(window)
            end_ms = (_end_ms(nobody, recount, rules, now_ms) // pane + 1) * pane
            if customer.is_active(end_ms - size):
                for each, _ in rules.windows:
                    tallies[family, series][each].update()
                tallies[family, series][window]["active"] += 1
                tallies[family, series][window]["lost"] += not customer.is_active(end_ms)


def _windows_of(counted: Counted, rules: Rules, end_ms: int) -> list[str]:
    """The windows that hold it; whoever began to wait in the longest one waits at the end of all."""
    into = [w for w, size in rules.windows if holds(counted.time_ms, size, rules.pane_ms(w), end_ms)]
    if counted.family == "waiting" and into:
        return [window for window, _ in rules.windows]
    return into


def _end_ms(counted: Counted, recount: Recount, rules: Rules, now_ms: int | None) -> int:
    if rules.clock == "event":
        return recount.highest_ms[counted.tenant, counted.family]
    if now_ms is None:
        raise ValueError("windows of the wall clock need the time")
    return now_ms


def _alive(by_window: dict[str, Tally], rules: Rules) -> Iterable[str]:
    """The windows to show: a series that lives in one is shown, empty or not, in every shorter one."""
    longest = max(size for window, size in rules.windows if window in by_window)
    return [window for window, size in rules.windows if size <= longest]
