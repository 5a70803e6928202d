"""Which answers of a customer count where only the latest of each metric and level does.

    NPS 9 (May) · NPS 3 (June)      the one of June counts
    the one of June is retracted    the one of May counts again

The latest is the one of the highest event time; of one time, the one that came last. Windows end together, so
a window that does not hold the latest holds none of those before.
"""

from collections.abc import Iterator, Sequence

from stream.intake.entities import Response
from stream.intake.memory import Memory
from stream.intake.splits import Splits
from stream.scoring.answers import unpacked


class Latest:
    """The responses of customers, in the order of their times."""

    def __init__(self, memory: Memory, splits: Splits) -> None:
        self._memory = memory
        self._splits = splits

    def next(self, customer: bytes) -> int:
        """The number of a response that comes now."""
        return max([response.nth for _, response in self._standing(customer)], default=0) + 1

    def changed(self, customer: bytes) -> Iterator[tuple[bytes, Response, bytes]]:
        """Yield the responses of which other answers count than did, and the answers that are superseded."""
        standing = self._standing(customer)
        found = superseded([(self._level(response), response) for _, response in standing])
        for (key, response), answers in zip(standing, found, strict=True):
            if answers != response.superseded:
                yield key, response, answers

    def _level(self, response: Response) -> str:
        """A mark of a retraction, which has no answers, has no level either."""
        return self._splits.unpacked(response.tenant, response.split).dims.level if response.split else ""

    def _standing(self, customer: bytes) -> list[tuple[bytes, Response]]:
        keys = sorted(self._memory.by_customer.of(customer))
        found = [(key, self._memory.response(key)) for key in keys]
        return [(key, response) for key, response in found if response is not None]


def superseded(responses: Sequence[tuple[str, Response]]) -> list[bytes]:
    """For each response of a customer, with its level, those answers that later ones give too."""
    latest: dict[tuple[str, str], tuple[int, int]] = {}
    for level, response in responses:
        here = response.at_ms, response.nth
        for metric, _ in unpacked(response.answers):
            latest[metric, level] = max(latest.get((metric, level), here), here)
    return [
        bytes(
            each
            for each, (metric, _) in zip(response.answers, unpacked(response.answers), strict=True)
            if latest[metric, level] != (response.at_ms, response.nth)
        )
        for level, response in responses
    ]
