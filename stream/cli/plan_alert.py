"""`cx plan-alert`: what to expect of an alert on a score drop, before it is turned on."""

import math

import click

from stream.alerts.scale import SCALES
from stream.cli.main import settings_from_env
from stream.plan import LONGEST_DAYS, Outlook, Plan, outlook

_MANY = 0.05
"""Of drops missed: then a mean delay says little."""
_POSITIVE = click.FloatRange(0, min_open=True)


@click.command("plan-alert")
@click.option("--metric", type=click.Choice(list(SCALES)), default="nps", show_default=True)
@click.option("--normal", type=float, required=True, help="The score as it should be, as exported.")
@click.option("--drop", type=_POSITIVE, required=True, help="The drop to try, in the same unit.")
@click.option("--per-day", type=_POSITIVE, required=True, help="Answers a day of the series.")
@click.option(
    "--budget", type=_POSITIVE, default=1.0, show_default=True, help="False alarms a month of the service."
)
@click.option(
    "--tolerate",
    type=click.FloatRange(0),
    help="What is not worth a page.  [default: 5 points, 0.05, 0.2 for ces]",
)
@click.option(
    "--series", type=click.IntRange(1), default=1, show_default=True, help="Series that share the budget."
)
def plan_alert(
    *,
    metric: str,
    normal: float,
    drop: float,
    per_day: float,
    budget: float,
    tolerate: float | None,
    series: int,
) -> None:
    """Say how soon a drop of a score would be raised, and how often nothing would be.

    \b
    cx plan-alert --normal 30 --drop 15 --per-day 20 --budget 1
    cx plan-alert --metric csat --normal 0.85 --drop 0.1 --per-day 500 --series 6
    """  # noqa: D301  # click wants the control character: it keeps the lines apart
    if tolerate is None:
        tolerate = SCALES[metric].tolerate
    scale = SCALES[metric]
    if not scale.low + tolerate < normal < scale.high:
        raise click.BadParameter(
            f"{metric} lies between {scale.low:g} and {scale.high:g}; with {tolerate:g} tolerated it can be "
            f"watched above {scale.low + tolerate:g}",
            param_hint="--normal",
        )
    if normal - drop <= scale.low:
        raise click.BadParameter(f"{metric} cannot fall below {scale.low:g}", param_hint="--drop")
    min_answers = settings_from_env().min_responses
    plan = Plan(metric, normal, drop, per_day, budget, tolerate, series, min_answers)
    for name, text in _told(plan, outlook(plan)):
        click.echo(f"{name:<14} {text}")


def _told(plan: Plan, found: Outlook) -> list[tuple[str, str]]:
    shared = f", shared by {plan.series} series" if plan.series > 1 else ""
    often, bar = _number(found.false_alarms_per_month), plan.normal - plan.tolerate
    return [
        ("watched", _watched(plan)),
        ("budget", f"{plan.budget:g} false alarms a month{shared}"),
        ("false alarms", f"at most {often} a month of this series while the score is {bar:g} or better"),
        *_raised(plan, found),
    ]


def _watched(plan: Plan) -> str:
    return f"{plan.metric} at {plan.normal:g}, {plan.tolerate:g} tolerated; {plan.per_day:g} answers a day"


def _raised(plan: Plan, found: Outlook) -> list[tuple[str, str]]:
    what, in_time = f"a drop by {plan.drop:g}", 100 * (1 - found.missed)
    if plan.drop <= plan.tolerate:
        return [(what, f"is not worth a page: it is within the {plan.tolerate:g} that are tolerated")]
    if found.mean is None or found.missed > _MANY:
        return [(what, f"is raised within {LONGEST_DAYS} days in {in_time:.0f} % of cases")]
    answers = found.mean * plan.per_day
    rows = [(what, f"is raised after about {_days(found.mean)} ({answers:.0f} answers)")]
    if found.most is not None:
        rows.append(("", f"nine times in ten within {_days(found.most)}"))
    return [
        *rows,
        ("missed", f"{100 - in_time:.0f} % are not raised within {LONGEST_DAYS} days"),
        ("limit", f"who knew the drop beforehand would take {_days(found.optimum)}"),
    ]


def _days(days: float) -> str:
    if days >= 1.5:
        return f"{_number(days)} days"
    return f"{_number(days * 24)} hours" if days * 24 >= 1.5 else f"{_number(days * 1440)} minutes"


def _number(value: float) -> str:
    """Two digits that count."""
    digits = max(0, 1 - math.floor(math.log10(value)))
    return f"{value:.{digits}f}"
