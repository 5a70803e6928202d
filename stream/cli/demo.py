"""`cx demo`: broker, topics, worker and simulated traffic, in one process group, with one command."""

import os

import click

from stream import embedded
from stream.cli.main import WRONG_DATA
from stream.cli.show import CX, Demo, Failure, Interrupted
from stream.cli.simulate import Duration
from stream.ports import free_port, is_free
from stream.simulate import SCENARIOS

# As much of the past hour as is written in a few seconds.
_PAST_S, _PAST_EVENTS = 3_600.0, 40_000
_CHANGE_AFTER_S = 60.0
_DEFAULT_PORT = 8_000


@click.command()
@click.option("--duration", type=Duration(), help="End after this time, such as 30s; default: at Ctrl-C.")
@click.option(
    "--rate",
    type=click.FloatRange(0, 5_000, min_open=True),
    default=20.0,
    show_default=True,
    help="Events/s.",
)
@click.option(
    "--scenario", type=click.Choice(SCENARIOS), default="steady", show_default=True, help="What happens."
)
@click.option("--seed", type=int, default=1, show_default=True, help="Another seed, other customers.")
@click.option(
    "--broker-port", type=click.IntRange(1, 65_535), help="Port of the embedded broker; default: a free one."
)
@click.pass_context
def demo(
    ctx: click.Context,
    *,
    duration: int | None,
    rate: float,
    scenario: str,
    seed: int,
    broker_port: int | None,
) -> None:
    """Start an embedded broker, a worker and simulated traffic, and show the scores as they move.

    Needs neither Java nor Docker. The past hour of traffic is there at once; then it goes on at its own pace.
    The scenario sets in after a minute (after a third of a shorter demo). Ctrl-C ends everything.
    """
    duration_s = None if duration is None else duration / 1_000
    run = Demo(_environment(broker_port or free_port()), duration_s)
    try:
        run.start(_traffic(rate, scenario, seed, duration_s))
        run.show()
    except Interrupted:
        ctx.exit(0)
    except Failure as error:
        click.echo(f"cx: {error}", err=True)
        ctx.exit(WRONG_DATA)
    finally:
        run.end()
    ctx.exit(0 if run.tell_scores() else WRONG_DATA)


def _environment(broker_port: int) -> dict[str, str]:
    """Return the environment of the parts: what the user set, but the demo's own broker and places."""
    port = _DEFAULT_PORT if is_free(_DEFAULT_PORT) else free_port()
    kept = {
        name: text for name, text in os.environ.items() if not name.startswith(("CX_BROKER", "CX_WEB_CONFIG"))
    }
    defaults = {"CX_SESSION_TIMEOUT": f"{embedded.SESSION_TIMEOUT_S}s", "CX_METRICS_PORT": str(port)}
    return {**defaults, **kept, "CX_BROKER": f"kafka://127.0.0.1:{broker_port}"}


def _traffic(rate: float, scenario: str, seed: int, duration_s: float | None) -> list[str]:
    """Command line of the traffic: a stretch of the past at once, then at its pace."""
    past_s = min(_PAST_S, _PAST_EVENTS / rate)
    change_s = _CHANGE_AFTER_S if duration_s is None else min(_CHANGE_AFTER_S, duration_s / 3)
    return [
        *(*CX, "simulate", "--realtime", "--rate", str(rate), "--seed", str(seed), "--scenario", scenario),
        *("--start", f"-{past_s:.0f}s", "--change-after", f"{past_s + change_s:.0f}s", "--change-for", "1h"),
    ]
