"""One figure per measurement and round; medians, ratios and the table made of them."""

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any


class WrongCountsError(Exception):
    """What was counted is not what was sent."""


@dataclass(frozen=True)
class Run:
    """One run of one measurement. What does not apply is None."""

    events: int
    seconds: float
    cpu_seconds: float
    figures: dict[str, float] = field(default_factory=dict)
    """Further figures by name, the unit at its end."""

    @property
    def per_second(self) -> float:
        """Events per second of the clock."""
        return self.events / self.seconds

    @property
    def per_cpu_second(self) -> float:
        """Events per processor second: what stays comparable when other work runs on the machine."""
        return self.events / self.cpu_seconds


@dataclass
class Figures:
    """All runs of one measurement."""

    name: str
    title: str
    runs: list[Run]

    def median(self, what: str) -> float:
        """Median of a property or of a further figure."""
        return statistics.median(_value(run, what) for run in self.runs)

    def document(self) -> dict[str, Any]:
        """As JSON: medians, lowest and highest, and every run."""
        names = ["per_second", "per_cpu_second"] if self.runs[0].events else []
        names += self.runs[0].figures
        summary = {
            name: {
                "median": self.median(name),
                "lowest": min(_value(run, name) for run in self.runs),
                "highest": max(_value(run, name) for run in self.runs),
            }
            for name in names
        }
        return {"title": self.title, "summary": summary, "runs": [asdict(run) for run in self.runs]}


def _value(run: Run, what: str) -> float:
    return run.figures[what] if what in run.figures else float(getattr(run, what))


RATIOS = (
    # name, of, to, figure
    ("interactions_to_floor", "interactions", "floor", "per_cpu_second"),
    ("interactions_to_faust", "interactions", "faust", "per_cpu_second"),
    ("interactions_to_faust_hopping", "interactions", "faust-hopping", "per_cpu_second"),
    ("answers_to_faust", "answers", "faust-answers", "per_cpu_second"),
)


def ratios(found: Mapping[str, Figures]) -> dict[str, float]:
    """Ours ÷ theirs where both were run: the median of the rounds' own ratios.

    A machine may be twice as fast in one round as in the next. Medians of either side may then come from
    different rounds, and their ratio says nothing.
    """
    return {
        name: statistics.median(
            _value(our, figure) / _value(their, figure)
            for our, their in zip(found[ours].runs, found[theirs].runs, strict=True)
        )
        for name, ours, theirs, figure in RATIOS
        if ours in found and theirs in found
    }


def table(found: Iterable[Figures]) -> str:
    """Medians, with lowest and highest, as a table in Markdown."""
    rows = ["| measured | events | events/s | events per CPU-second | further |", "|---|--:|--:|--:|---|"]
    for each in found:
        run = each.runs[0]
        rates = ["", ""]
        if run.events:
            rates = [_spread(each, "per_second"), _spread(each, "per_cpu_second")]
        further = ", ".join(f"{_spelled(name)} {_number(each.median(name))}" for name in run.figures)
        events = f"{run.events:,}" if run.events else ""
        rows.append(f"| {each.title} | {events} | {rates[0]} | {rates[1]} | {further} |")
    return "\n".join(rows)


def ratio_lines(values: Mapping[str, float]) -> str:
    """The ratios, one a line."""
    return "\n".join(f"{_spelled(name)}: {value:.2f}" for name, value in values.items())


def regressions(values: Mapping[str, float], reference: Mapping[str, float], margin: float) -> Sequence[str]:
    """The ratios that fell below `margin` of the reference's, in words."""
    return [
        f"{_spelled(name)} is {values[name]:.2f}: less than {margin:g} of the reference's {wanted:.2f}"
        for name, wanted in reference.items()
        if name in values and values[name] < margin * wanted
    ]


def _spread(figures: Figures, what: str) -> str:
    values = [_value(run, what) for run in figures.runs]
    spread = f" ({_number(min(values))}-{_number(max(values))})" if len(values) > 1 else ""
    return f"{_number(statistics.median(values))}{spread}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _spelled(name: str) -> str:
    return name.replace("_", " ").replace(" to ", " ÷ ")
