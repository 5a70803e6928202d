"""What is exported for one series and window, from the answers in it; fractions inside."""

import math
from collections import Counter, defaultdict
from fractions import Fraction
from functools import cache
from typing import Any

from tests.support.recount.model import Account, Labels, Rules, duration_ms, kpis_of

Z = 1.959964
SAMPLES = tuple[str, Labels]
Answers = tuple[int | None, ...]
Tally = Counter[int | str | Answers | Account]
Exported = dict[tuple[str, Labels], float]
CATEGORIES: dict[str, dict[str, range]] = {
    "nps": {"promoter": range(9, 11), "passive": range(7, 9), "detractor": range(7)},
    "csat": {"satisfied": range(4, 6), "neutral": range(3, 4), "dissatisfied": range(1, 3)},
    "ces": {"easy": range(5, 8), "neutral": range(4, 5), "difficult": range(1, 4)},
}
SCALE = {"csat": (1, 5), "ces": (1, 7)}
DIMENSIONS = ("needs", "ease", "enjoyment")
DURATIONS: dict[str, tuple[str, dict[str, str]]] = {
    "journey_duration": ("cx_journey_duration_seconds", {}),
    "first_response": ("cx_first_response_seconds", {"clock": "wall"}),
    "first_response_business": ("cx_first_response_seconds", {"clock": "business"}),
}
TRIOS = {"pyramid": DIMENSIONS, "index": ("satisfaction", "expectations", "ideal")}


def exported(family: str, tally: Tally, rules: Rules) -> Exported:
    """Samples by family name and the family's own labels."""
    if family.startswith("churn_"):
        return _churn(family, tally, rules)
    if family == "value":
        return _value(tally, rules)
    if family == "waiting":
        age_ms = max(0, *(int(str(each)) for each in tally))
        return {
            ("cx_tickets_waiting", ()): float(tally.total()),
            ("cx_oldest_waiting_seconds", ()): float(age_ms // 1000),
        }
    if family in TRIOS:
        shown, n = _trio(family, tally)
    elif family in DURATIONS:
        shown, n = _durations(DURATIONS[family], tally), tally.total()
    elif family == "journey":
        shown, n = _journeys(tally), tally.total()
    elif family == "buyers":
        hits, n = tally["once"], tally.total()
        shown = _with_interval("cx_one_time_buyer_ratio", Fraction(hits, n), wilson(hits, n)) if n else {}
    elif family in DIMENSIONS:
        shown, n = _dimension(family, tally), tally.total()
    else:
        shown = _survey(family, tally) if family in CATEGORIES else _shares(family, tally)
        judged = tally["positive"] + tally["negative"] if family == "positive" else tally["sent"]
        n = tally.total() if family in CATEGORIES else judged
    if n < rules.min_privacy and tally.total():
        shown = {}
    return {**shown, ("cx_low_confidence", (("metric", family),)): float(n < rules.min_responses)}


def _survey(family: str, tally: Tally) -> Exported:
    counts = {name: sum(tally[value] for value in values) for name, values in CATEGORIES[family].items()}
    shown: Exported = {
        ("cx_survey_responses", (("category", name), ("metric", family))): float(count)
        for name, count in counts.items()
    }
    if not tally.total():
        return shown
    first, middle, last = counts.values()
    if family == "nps":
        return shown | _with_interval(
            "cx_nps_score", nps(first, middle, last), nps_interval(first, middle, last)
        )
    share = "cx_csat_ratio" if family == "csat" else "cx_ces_easy_ratio"
    n = tally.total()
    shown |= _with_interval(share, Fraction(first, n), wilson(first, n))
    return shown | _with_interval(f"cx_{family}_mean", mean(tally), mean_interval(tally, *SCALE[family]))


def _churn(family: str, tally: Tally, rules: Rules) -> Exported:
    kind = family.removeprefix("churn_")
    active, lost, labels = tally["active"], tally["lost"], (("kind", kind),)
    low: Exported = {("cx_low_confidence", (("metric", family),)): float(active < rules.min_responses)}
    if active and active < rules.min_privacy:
        return low
    shown: Exported = {
        ("cx_customers_active", labels): float(active),
        ("cx_customers_lost", labels): float(lost),
    }
    if active:
        shown |= _with_interval("cx_churn_ratio", Fraction(lost, active), wilson(lost, active), kind=kind)
        shown["cx_retention_ratio", labels] = float(1 - Fraction(lost, active))
    return low | shown


def _value(tally: Tally, rules: Rules) -> Exported:
    """Means by currency; the day on which the window ends stands last."""
    by_currency: dict[str, list[Any]] = defaultdict(list)
    for each in tally.elements():
        currency, *account = each if isinstance(each, tuple) else ()
        by_currency[str(currency)].append(account)
    most = max(map(len, by_currency.values()), default=0)
    shown: Exported = {("cx_low_confidence", (("metric", "value"),)): float(most < rules.min_responses)}
    kpis = kpis_of(rules.config)
    for currency, accounts in by_currency.items():
        if len(accounts) < rules.min_privacy:
            continue
        mean = sum(account[3] for account in accounts) / len(accounts)
        shown["cx_clv_mean", (("currency", currency), ("method", "historical"))] = float(mean)
        spend = kpis.get("gamma_gamma", {}).get(currency)
        if spend:
            means = [_to_come(kpis["bg_nbd"], spend, *account) for account in accounts]
            labels = (("currency", currency), ("method", "predicted"))
            shown["cx_clv_mean", labels] = math.fsum(means) / len(means)
    return shown


def _to_come(
    often: dict[str, Any],
    spend: dict[str, float],
    x: int,
    first: int,
    last: int,
    _total: Fraction,
    later: Fraction,
    day: int,
) -> float:
    """Purchases to be expected (formula 10 of Fader, Hardie and Lee, 2005) times their mean (Gamma-Gamma)."""
    r, alpha, a, b = (often[name] for name in ("r", "alpha", "a", "b"))
    unit = duration_ms(often.get("unit", "7d")) / 86_400_000
    t_x, t = (last - first) / unit, (max(day, last) - first) / unit
    ahead = duration_ms(often.get("horizon", "364d")) / 86_400_000 / unit
    z = ahead / (alpha + t + ahead)
    above, term, n = 1.0, 1.0, 0
    while term > 1e-17 * above:
        term *= (r + x + n) * (b + x + n) / (a + b + x - 1 + n) / (n + 1) * z
        above, n = above + term, n + 1
    bought = (a + b + x - 1) / (a - 1) * (1 - ((alpha + t) / (alpha + t + ahead)) ** (r + x) * above)
    gone = a / (b + x - 1) * ((alpha + t) / (alpha + t_x)) ** (r + x) if x else 0.0
    p, q, v = (spend[name] for name in ("p", "q", "v"))
    mean = float(later) / x if x else 0.0
    return float(bought / (1 + gone) * p * (v + x * mean) / (p * x + q - 1))


def _journeys(tally: Tally) -> Exported:
    hits, n = tally["achieved"], tally.total()
    name = "cx_journey_achieved_ratio"
    return _with_interval(name, Fraction(hits, n), wilson(hits, n)) if n else {}


def _durations(what: tuple[str, dict[str, str]], tally: Tally) -> Exported:
    """Quantiles in seconds: of so many in order the one at the place ⌈q·n⌉."""
    (name, own), ordered = what, sorted(int(str(each)) for each in tally.elements())
    if not ordered:
        return {}
    shown: Exported = {}
    for text, percent in (("0.5", 50), ("0.9", 90), ("0.95", 95)):
        place = math.ceil(Fraction(percent * len(ordered), 100))
        labels = tuple(sorted({**own, "quantile": text}.items()))
        shown[name, labels] = _rounded(ordered[place - 1]) / 1000
    return shown


def _rounded(duration_ms: int) -> float:
    """The middle of the 64th part of its power of two in which a duration lies; below 128 ms itself."""
    width = 1
    while duration_ms >= 128 * width:
        width *= 2
    return duration_ms // width * width + (width - 1) / 2


def _box(answer: int) -> int:
    """1 for 4 and 5, -1 for 1 and 2."""
    return (answer > 3) - (answer < 3)


def _dimension(family: str, tally: Tally) -> Exported:
    boxes = [_box(int(str(value))) for value in tally.elements()]
    if not boxes:
        return {}
    up, down = boxes.count(1), boxes.count(-1)
    ends = nps_interval(up, len(boxes) - up - down, down)
    return _with_interval("cx_pyramid_score", nps(up, len(boxes) - up - down, down), ends, dimension=family)


def _trio(family: str, tally: Tally) -> tuple[Exported, int]:
    """From the answers of each response: how far each moves the score, and the sum of the squares of that."""
    responses: list[Any] = [each for each in tally.elements() if isinstance(each, tuple)]
    columns = [[each[i] for each in responses if each[i] is not None] for i in range(3)]
    n = min(map(len, columns))
    if not n:
        return {}, 0

    def worth(answer: int | None) -> float:
        if answer is None:
            return 0.0
        return 100.0 * _box(answer) if family == "pyramid" else (answer - 1) / 9 * 100

    means = [math.fsum(map(worth, column)) / len(column) for column in columns]
    score, ends = sum(means) / 3, None
    if len(responses) > 1:
        moves = [
            sum((worth(each[i]) - means[i]) / len(columns[i]) / 3 for i in range(3) if each[i] is not None)
            for each in responses
        ]
        whole = len(responses) / (len(responses) - 1)
        half = Z * math.sqrt(whole * math.fsum(move * move for move in moves))
        low = -100.0 if family == "pyramid" else 0.0
        ends = max(low, score - half), min(100.0, score + half)
    if family == "index":
        return _with_interval("cx_satisfaction_index", score, ends), n
    return _with_interval("cx_pyramid_score", score, ends, dimension="overall"), n


def _shares(family: str, tally: Tally) -> Exported:
    if family == "positive":
        valences = ("positive", "neutral", "negative")
        shown: Exported = {("cx_interactions", (("valence", name),)): float(tally[name]) for name in valences}
        name, hits, n = "cx_positive_ratio", tally["positive"], tally["positive"] + tally["negative"]
    else:
        shown = {("cx_surveys_sent", ()): float(tally["sent"])}
        name, hits, n = "cx_survey_response_ratio", tally["responded"], tally["sent"]
    return shown | (_with_interval(name, Fraction(hits, n), wilson(hits, n)) if n else {})


def _with_interval(
    name: str, score: Fraction | float, ends: tuple[float, float] | None, **own: str
) -> Exported:
    labels = tuple(own.items())
    shown: Exported = {(name, labels): float(score)}
    if ends:
        shown |= {(f"{name}_lower", labels): ends[0], (f"{name}_upper", labels): ends[1]}
    return shown


def nps(promoters: int, passives: int, detractors: int) -> Fraction:
    """-100 to 100."""
    return Fraction(100 * (promoters - detractors), promoters + passives + detractors)


def nps_interval(promoters: int, passives: int, detractors: int) -> tuple[float, float]:
    """Adjusted Wald (Rocks 2016): three more answers, a quarter of them promoters, a quarter detractors."""
    n = promoters + passives + detractors + 3
    p, d = (promoters + 0.75) / n, (detractors + 0.75) / n
    half = Z * math.sqrt((p + d - (p - d) ** 2) / n)
    return max(-100.0, 100 * (p - d - half)), min(100.0, 100 * (p - d + half))


def wilson(hits: int, n: int) -> tuple[float, float]:
    """The shares whose normal test does not refuse this count: roots of (hits/n - s)² = z²·s(1-s)/n."""
    a, b, c = 1 + Z * Z / n, -(2 * hits / n + Z * Z / n), (hits / n) ** 2
    root = math.sqrt(max(0.0, b * b - 4 * a * c))
    return max(0.0, (-b - root) / (2 * a)), min(1.0, (-b + root) / (2 * a))


def mean(tally: Tally) -> Fraction:
    """The mean of the values."""
    return Fraction(sum(int(str(value)) * count for value, count in tally.items()), tally.total())


def mean_interval(tally: Tally, low: int, high: int) -> tuple[float, float] | None:
    """Student's interval of the mean, none for one answer."""
    n, middle = tally.total(), mean(tally)
    if n == 1:
        return None
    variance = sum(
        ((int(str(value)) - middle) ** 2 * count for value, count in tally.items()), Fraction(0)
    ) / (n - 1)
    half = t_quantile(n - 1) * math.sqrt(variance / n)
    return max(float(low), float(middle) - half), min(float(high), float(middle) + half)


@cache
def t_quantile(freedom: int) -> float:
    """The t that leaves 2.5 % above it: Newton's steps on the integrated density."""
    t = Z * (1 + 1 / freedom) if freedom > 1 else 12.7
    for _ in range(60):
        step = (_t_below(t, freedom) - 0.975) / _t_density(t, freedom)
        t -= step
        if abs(step) < 1e-13 * t:
            break
    return t


def _t_density(t: float, freedom: int) -> float:
    log = math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2) - math.log(math.pi * freedom) / 2
    return math.exp(log - (freedom + 1) / 2 * math.log1p(t * t / freedom))


def _t_below(t: float, freedom: int) -> float:
    """0.5 and Simpson's rule from 0 to t."""
    steps = 2000
    inner = (2 * (1 + i % 2) * _t_density(t * i / steps, freedom) for i in range(1, steps))
    total = _t_density(0, freedom) + math.fsum(inner) + _t_density(t, freedom)
    return 0.5 + total * t / steps / 3
