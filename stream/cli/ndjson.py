"""Events as lines of JSON: reading them with their line numbers, telling what is wrong, progress."""

import sys
from collections import Counter
from collections.abc import Iterator
from typing import IO, NamedTuple

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from stream.intake.rejection import Reason

# More than any event may have; what goes beyond is not kept, and its beginning is refused as too big.
_LONGEST_LINE = 131_072
_SHOWN = 20

file_argument = click.argument("file", type=click.File("rb"))


class Line(NamedTuple):
    """A line that holds something, with its number in the file, from 1."""

    number: int
    value: bytes


def lines(file: IO[bytes]) -> Iterator[Line]:
    """Read the lines that are not empty, as they come; of one that is too long, the beginning."""
    number = 0
    while value := file.readline(_LONGEST_LINE):
        number += 1
        rest = value
        while not rest.endswith(b"\n") and len(rest) == _LONGEST_LINE:
            rest = file.readline(_LONGEST_LINE)
        if value := value.strip():
            yield Line(number, value)


class Faults:
    """What was wrong with lines: the first ones are shown, all are counted by reason."""

    def __init__(self, file: IO[bytes]) -> None:
        name = getattr(file, "name", None)
        self._name = name if isinstance(name, str) and name != "<stdin>" else "stdin"
        self.reasons: Counter[str] = Counter()

    def add(self, line: int, reason: Reason, detail: str) -> None:
        """Count a line that no worker would take."""
        if self.reasons.total() == _SHOWN:
            click.echo(f"more than {_SHOWN} lines are wrong; the rest is only counted", err=True)
        elif self.reasons.total() < _SHOWN:
            click.echo(f"{self._name}:{line}: {reason}: {detail}", err=True)
        self.reasons[reason] += 1

    def summary(self) -> str:
        """Tell how many lines are wrong, by reason."""
        found = ", ".join(f"{count} {reason}" for reason, count in sorted(self.reasons.items()))
        return f"{self.reasons.total()} wrong" + (f" ({found})" if found else "")


def progress(what: str) -> Progress:
    """Return a progress display on stderr, which shows nothing unless that is a terminal."""
    console = Console(stderr=True)
    return Progress(
        TextColumn(what),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        disable=not sys.stderr.isatty(),
        transient=True,
    )
