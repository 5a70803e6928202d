"""Which answers of a customer count where only the latest of each metric and level does.

    NPS 9 (May) · NPS 3 (June)      the one of June counts
    the one of June is retracted    the one of May counts again

The latest is the one of the highest event time; of one time, the one that came last. Windows end together, so
a window that does not hold the latest holds none of those before.
"""

from collections.abc import Iterator, Sequence

from stream.intake.entities import Response
from stream.intake.memory import Memory


class Latest:
    """The responses of customers, in the order of their times."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def next(self, customer: bytes) -> int:
        """The number of a response that comes now."""
        return max([response.nth for _, response in self._standing(customer)], default=0) + 1

    def changed(self, customer: bytes) -> Iterator[tuple[bytes, Response, tuple[str, ...]]]:
        """Yield the responses of which other answers count than did, and the metrics that are superseded."""
        standing = self._standing(customer)
        found = superseded([response for _, response in standing])
        for (key, response), metrics in zip(standing, found, strict=True):
            if metrics != response.superseded:
                yield key, response, metrics

    def _standing(self, customer: bytes) -> list[tuple[bytes, Response]]:
        keys = sorted(self._memory.by_customer.of(customer))
        found = [(key, self._memory.response(key)) for key in keys]
        return [(key, response) for key, response in found if response is not None]


def superseded(responses: Sequence[Response]) -> list[tuple[str, ...]]:
    """For each of a customer's responses, the metrics of which a later one answers, at the same level."""
    latest: dict[tuple[str, str], tuple[int, int]] = {}
    for response in responses:
        here = response.at_ms, response.nth
        for metric, _ in response.answers:
            place = metric, response.level
            latest[place] = max(latest.get(place, here), here)
    return [
        tuple(
            metric
            for metric, _ in response.answers
            if latest[metric, response.level] != (response.at_ms, response.nth)
        )
        for response in responses
    ]
