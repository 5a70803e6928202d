"""The definition of every score: a tally in, what is exported out.

The stream, the batch recomputation, the live page and the documents all come here; there is no second
formula. Scores are unrounded. A score with no answers is absent, never 0: an NPS of 0 and a CSAT of 0 % are
real news.

Three outcomes for the tally of one series and window, with *n* the number of answers behind its score:

* nothing was counted: counts of 0, no score;
* n below `Limits.min_privacy`: neither counts nor score, so that no person shows through;
* otherwise: counts, scores, and their 95 % intervals.

``cx_low_confidence`` is there in all three.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from stream.scoring import intervals, sketch, sparse, trio
from stream.scoring.estimates import Estimate, Limits, Sample
from stream.scoring.families import FAMILIES, PYRAMID_METRICS, Tally
from stream.scoring.loyalty import buyers, churn, customers, valued, worth_of


class Assessment(NamedTuple):
    """What may be said about one tally.

    `n` is the number of answers behind the score and is no output by itself while `hidden`.
    """

    n: int
    hidden: bool
    low_confidence: bool
    counts: tuple[Sample, ...]
    estimates: tuple[Estimate, ...]


class _Kpi(NamedTuple):
    """How one family is read: its n, its exported counts, and its scores (asked for only when n > 0).

    `standing`: it tells of work that is to be done, whoever it is for; no limit holds it back.
    """

    answers: Callable[[Tally], int]
    counts: Callable[[Tally], tuple[Sample, ...]]
    estimates: Callable[[Tally, Limits], tuple[Estimate, ...]]
    standing: bool = False


def assess(family: str, tally: Tally, limits: Limits) -> Assessment:
    """Return the counts and scores that may be shown for a tally of `family` (a key of `FAMILIES`)."""
    kpi = _KPIS[family]
    n = kpi.answers(tally)
    low = n < limits.min_responses and not kpi.standing
    if any(tally) and n < limits.min_privacy and not kpi.standing:
        return Assessment(n, hidden=True, low_confidence=low, counts=(), estimates=())
    estimates = kpi.estimates(tally, limits) if n else ()
    return Assessment(n, hidden=False, low_confidence=low, counts=kpi.counts(tally), estimates=estimates)


def samples(family: str, tally: Tally, limits: Limits) -> tuple[Sample, ...]:
    """Return everything exported for one series and window, counts first."""
    result = assess(family, tally, limits)
    if _KPIS[family].standing:
        return (*result.counts, *(sample for estimate in result.estimates for sample in estimate.samples()))
    scores = [sample for estimate in result.estimates for sample in estimate.samples()]
    confidence = Sample("cx_low_confidence", (("metric", family),), float(result.low_confidence))
    return (*result.counts, *scores, confidence)


def nps(tally: Tally) -> tuple[Estimate, ...]:
    """Return ``100*(promoters - detractors)/n``."""
    promoters, _, detractors = tally
    n = sum(tally)
    score = 100 * (promoters - detractors) / n
    return (Estimate("cx_nps_score", score, intervals.net_share(promoters, detractors, n)),)


def csat(tally: Tally) -> tuple[Estimate, ...]:
    """Return the share answering 4 or 5, and the mean of 1 to 5."""
    return (_share("cx_csat_ratio", sum(tally[3:]), sum(tally)), _mean("cx_csat_mean", tally))


def ces(tally: Tally) -> tuple[Estimate, ...]:
    """Return the mean of 1 to 7 (higher is easier), and the share answering 5 to 7."""
    return (_mean("cx_ces_mean", tally), _share("cx_ces_easy_ratio", sum(tally[4:]), sum(tally)))


def positive(tally: Tally) -> tuple[Estimate, ...]:
    """Return the share of positive among positive and negative interactions; neutral ones stand apart."""
    return (_share("cx_positive_ratio", tally[0], tally[0] + tally[2]),)


def response(tally: Tally) -> tuple[Estimate, ...]:
    """Return the share of the invitations sent that have an answer: one cohort, so never above 1."""
    sent, responded = tally
    return (_share("cx_survey_response_ratio", responded, sent),)


def dimension(name: str) -> Callable[[Tally], tuple[Estimate, ...]]:
    """Define a dimension of the pyramid: 100 times the share of 4 and 5 less the share of 1 and 2."""

    def estimates(tally: Tally) -> tuple[Estimate, ...]:
        high, _, low = tally
        n = sum(tally)
        interval = intervals.net_share(high, low, n)
        return (Estimate("cx_pyramid_score", 100 * (high - low) / n, interval, (("dimension", name),)),)

    return estimates


def pyramid(tally: Tally) -> tuple[Estimate, ...]:
    """Return the mean of the three dimensions of the pyramid, -100 to 100."""
    found = trio.weighted_mean(tally, (1 / 3, 1 / 3, 1 / 3))
    score, interval = intervals.scaled(found.value, found.variance, low=0, high=2, onto=(-100, 100))
    return (Estimate("cx_pyramid_score", score, interval, (("dimension", "overall"),)),)


def index(tally: Tally, limits: Limits) -> tuple[Estimate, ...]:
    """Return the weighted mean of three answers 1 to 10, as 0 to 100 (Fornell et al. 1996, ACSI)."""
    found = trio.weighted_mean(tally, limits.parameters.index_weights)
    score, interval = intervals.scaled(found.value, found.variance, low=1, high=10, onto=(0, 100))
    return (Estimate("cx_satisfaction_index", score, interval),)


def journey(tally: Tally) -> tuple[Estimate, ...]:
    """Return the share of the ended journeys that achieved what the customer wanted."""
    return (_share("cx_journey_achieved_ratio", tally[0], sum(tally)),)


def quantiles(name: str, **own: str) -> Callable[[Tally], tuple[Estimate, ...]]:
    """Define median, p90 and p95 of durations, in seconds, from a sparse tally by bucket."""

    def estimates(tally: Tally) -> tuple[Estimate, ...]:
        return tuple(
            Estimate(
                name,
                sketch.quantile_ms(tally, percent, 100) / 1000,
                None,
                (("quantile", text), *own.items()),
            )
            for text, percent in _QUANTILES
        )

    return estimates


def _waiting(tally: Tally) -> tuple[Sample, ...]:
    return (Sample("cx_tickets_waiting", (), _standing(tally)),)


def _standing(tally: Tally) -> int:
    return tally[0] if tally else 0


def oldest(tally: Tally) -> tuple[Estimate, ...]:
    """Return how long the ticket that has waited longest has waited, in seconds, where the window ends."""
    return (Estimate("cx_oldest_waiting_seconds", tally[1] / 1000, None),)


def _share(name: str, hits: int, n: int) -> Estimate:
    return Estimate(name, hits / n, intervals.share(hits, n))


def _mean(name: str, tally: Tally) -> Estimate:
    """Return the mean of a family with one cell for each answer from 1 up."""
    n = sum(tally)
    total = sum(answer * count for answer, count in enumerate(tally, start=1))
    squares = sum(answer * answer * count for answer, count in enumerate(tally, start=1))
    return Estimate(name, total / n, intervals.mean(total, squares, n, lowest=1, highest=len(tally)))


def _by_category(metric: str, **cells: slice) -> Callable[[Tally], tuple[Sample, ...]]:
    """Count the survey answers of each category, a run of the family's cells."""
    parts = tuple(((("metric", metric), ("category", category)), run) for category, run in cells.items())

    def counts(tally: Tally) -> tuple[Sample, ...]:
        return tuple(Sample("cx_survey_responses", labels, sum(tally[run])) for labels, run in parts)

    return counts


def _by_valence(tally: Tally) -> tuple[Sample, ...]:
    cells = zip(FAMILIES["positive"].cells, tally, strict=True)
    return tuple(Sample("cx_interactions", (("valence", cell),), count) for cell, count in cells)


def _sent(tally: Tally) -> tuple[Sample, ...]:
    return (Sample("cx_surveys_sent", (), tally[0]),)


_CATEGORIES: Final = {
    "nps": _by_category("nps", promoter=slice(0, 1), passive=slice(1, 2), detractor=slice(2, 3)),
    "csat": _by_category("csat", satisfied=slice(3, 5), neutral=slice(2, 3), dissatisfied=slice(0, 2)),
    "ces": _by_category("ces", easy=slice(4, 7), neutral=slice(3, 4), difficult=slice(0, 3)),
}


_QUANTILES: Final = (("0.5", 50), ("0.9", 90), ("0.95", 95))


def _no_counts(_: Tally) -> tuple[Sample, ...]:
    return ()


def _fixed(define: Callable[[Tally], tuple[Estimate, ...]]) -> Callable[..., tuple[Estimate, ...]]:
    """Make a definition that leaves nothing to the operator one of those that take parameters."""
    return lambda tally, _: define(tally)


_KPIS: Final[Mapping[str, _Kpi]] = MappingProxyType(
    {
        "nps": _Kpi(sum, _CATEGORIES["nps"], _fixed(nps)),
        "csat": _Kpi(sum, _CATEGORIES["csat"], _fixed(csat)),
        "ces": _Kpi(sum, _CATEGORIES["ces"], _fixed(ces)),
        **{name: _Kpi(sum, _no_counts, _fixed(dimension(name))) for name in PYRAMID_METRICS},
        "pyramid": _Kpi(trio.least, _no_counts, _fixed(pyramid)),
        "index": _Kpi(trio.least, _no_counts, index),
        "positive": _Kpi(lambda tally: tally[0] + tally[2], _by_valence, _fixed(positive)),
        "response": _Kpi(lambda tally: tally[0], _sent, _fixed(response)),
        "journey": _Kpi(sum, _no_counts, _fixed(journey)),
        "first_response": _Kpi(
            sparse.total, _no_counts, _fixed(quantiles("cx_first_response_seconds", clock="wall"))
        ),
        "first_response_business": _Kpi(
            sparse.total, _no_counts, _fixed(quantiles("cx_first_response_seconds", clock="business"))
        ),
        "churn_subscription": _Kpi(
            lambda tally: tally[0], customers("subscription"), _fixed(churn("subscription"))
        ),
        "churn_purchase": _Kpi(lambda tally: tally[0], customers("purchase"), _fixed(churn("purchase"))),
        "buyers": _Kpi(sum, _no_counts, _fixed(buyers)),
        "value": _Kpi(valued, _no_counts, worth_of),
        "waiting": _Kpi(_standing, _waiting, _fixed(oldest), standing=True),
        "journey_duration": _Kpi(sparse.total, _no_counts, _fixed(quantiles("cx_journey_duration_seconds"))),
    }
)
