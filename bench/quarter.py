"""A quarter of survey traffic, fast to make: answers and invitations that are all still remembered.

Times go from 88 days ago until now, ever denser (evenly on a logarithmic scale of ages), so that at the end
windows of every length have all their panes filled.
"""

import random
from collections.abc import Iterator
from datetime import UTC, datetime

from bench.events import CHANNELS, SEED, Keyed

_DAY_MS = 86_400_000
_AGE_MS = 88 * _DAY_MS
_TOUCHPOINTS = [f"touchpoint-{number}" for number in range(16)]
_TENANTS = ("acme", "globex")
_METRICS = (("nps", 11, 0), ("csat", 5, 1), ("ces", 7, 1))
INVITED = 10
"""One answer in so many was asked for: there is an invitation, too."""
_ENVELOPE = (
    '{"specversion":"1.0","id":"%s%d","source":"/survey","type":"cx.survey.%s.v1","time":"%s",'
    '"subject":"c-%d","tenantid":"%s","data":{%s}}'
)


def quarter(answers: int, now_ms: int) -> Iterator[Keyed]:
    """So many answers, each of a customer of its own, and an invitation before every tenth."""
    rng = random.Random(SEED)
    for number in range(answers):
        age_ms = int(_AGE_MS ** (1 - number / answers))
        time = datetime.fromtimestamp((now_ms - age_ms) / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        tenant = _TENANTS[number & 1]
        place = f'"channel":"{rng.choice(CHANNELS)}","touchpoint":"{rng.choice(_TOUCHPOINTS)}"'
        metric, values, least = _METRICS[number % 3]
        value = rng.randrange(values) + least
        said = f'"response_id":"r-{number}","answers":[{{"metric":"{metric}","value":{value}}}]'
        if number % INVITED:
            said += f',"survey_id":"after-visit",{place}'
        else:
            asked = f'"invitation_id":"i-{number}","metrics":["{metric}"],"level":"interaction"'
            yield _keyed(tenant, number, "i", "sent", time, f'"survey_id":"after-visit",{asked},{place}')
            said += f',"invitation_id":"i-{number}"'
        yield _keyed(tenant, number, "r", "answered", time, said)


def _keyed(tenant: str, number: int, prefix: str, kind: str, time: str, data: str) -> Keyed:
    value = _ENVELOPE % (prefix, number, kind, time, number, tenant, data)
    return f"{tenant}:c-{number}", value.encode()
