"""`cx simulate`: believable events as NDJSON."""

import sys
from collections.abc import Iterator
from threading import Event as Pause
from typing import Any

import click
import orjson

from stream import simulate as simulation
from stream.clock import SystemClock
from stream.errands import Event
from stream.intake.times import parse_ms
from stream.simulate import SCENARIOS, Plan
from stream.values import duration_ms

_HOUR_MS = 3_600_000
_UNFLUSHED = 500


class Duration(click.ParamType):
    """`90s`, `5m`, `1h`; a bare number is seconds. Gives milliseconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Milliseconds, or a usage error."""
        try:
            return value if isinstance(value, int) else duration_ms(value)
        except ValueError as error:
            self.fail(f"{value!r} is not {error}", param, ctx)


class Start(click.ParamType):
    """`now`, a length of time before it (`-1h`) or an RFC 3339 time. Gives epoch milliseconds."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Epoch milliseconds, or a usage error."""
        if isinstance(value, int):
            return value
        now_ms = SystemClock().now_ms()
        try:
            if value == "now":
                return now_ms
            return now_ms - duration_ms(value[1:]) if value.startswith("-") else parse_ms(value)
        except ValueError:
            self.fail(f"{value!r} is neither `now`, nor as `-1h`, nor RFC 3339 with an offset", param, ctx)


@click.command()
@click.option(
    "--seed", type=int, default=1, show_default=True, help="The same seed and start give the same events."
)
@click.option(
    "--start",
    type=Start(),
    default="now",
    show_default=True,
    help="Time of the first events: now, -1h, RFC 3339.",
)
@click.option("--duration", type=Duration(), help="Stop at this length of event time after the start.")
@click.option("--count", type=click.IntRange(0), help="Stop after so many events.")
@click.option(
    "--rate",
    type=click.FloatRange(0, min_open=True),
    default=20.0,
    show_default=True,
    help="Events a second.",
)
@click.option("--scenario", type=click.Choice(SCENARIOS), default="steady", show_default=True)
@click.option(
    "--change-after", type=Duration(), help="When the scenario sets in, from the start.  [default: a third]"
)
@click.option(
    "--change-for", type=Duration(), help="For how long.  [default: a third; without --duration 1h]"
)
@click.option("--tenant", multiple=True, default=("acme",), show_default=True, help="May be repeated.")
@click.option("--realtime", is_flag=True, help="Write no event before its time.")
def simulate(  # noqa: PLR0913 - one argument an option
    *,
    seed: int,
    start: int,
    duration: int | None,
    count: int | None,
    rate: float,
    scenario: str,
    change_after: int | None,
    change_for: int | None,
    tenant: tuple[str, ...],
    realtime: bool,
) -> None:
    """Write events of a shop's customers as NDJSON: visits, surveys, tickets, journeys, orders.

    \b
    steady        nothing happens
    drop          customers of every channel feel worse for a while
    channel-drop  those of one channel (app) do
    mix-shift     channels score as before, but more of the visits come from the unhappy ones
    silence       no events for a while

    With `--start -1h --realtime` the past hour is written at once and the events to come at their time.
    """  # noqa: D301  # click wants the control character: it keeps the lines apart
    third = (duration or 3 * _HOUR_MS) // 3
    from_ms = start + (third if change_after is None else change_after)
    to_ms = from_ms + (third if change_for is None else change_for)
    plan = Plan(seed, start, rate, scenario, from_ms, to_ms, tenant)
    _write(_limited(plan, duration, count), realtime=realtime)


def _limited(plan: Plan, duration: int | None, count: int | None) -> Iterator[tuple[int, Event]]:
    for number, (at_ms, event) in enumerate(simulation.events(plan)):
        if (count is not None and number >= count) or (
            duration is not None and at_ms >= plan.start_ms + duration
        ):
            return
        yield at_ms, event


def _write(events: Iterator[tuple[int, Event]], *, realtime: bool) -> None:
    out, clock, pause = sys.stdout.buffer, SystemClock(), Pause()
    for number, (at_ms, event) in enumerate(events):
        if realtime and (early_ms := at_ms - clock.now_ms()) > 0:
            out.flush()
            pause.wait(early_ms / 1000)
        out.write(orjson.dumps(event) + b"\n")
        if number % _UNFLUSHED == 0:
            out.flush()
    out.flush()
