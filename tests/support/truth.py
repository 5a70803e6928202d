"""Workers against the oracle: wait until they have taken every record, then compare every cell."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.support import exposition
from tests.support.oracle import Rules, cells, recount
from tests.support.processes import Worker
from tests.support.recount.model import Cell, Record, Recount
from tests.support.wait import eventually

SHOWN = 40


@dataclass
class Truth:
    """What must be exported for these records under these settings."""

    rules: Rules
    recount: Recount

    @classmethod
    def of(cls, records: Sequence[Record], env: Mapping[str, str]) -> "Truth":
        """Recount the records of the source topics."""
        rules = Rules.from_env(env)
        return cls(rules, recount(records, rules))

    def cells(self, windows: Sequence[str] | None = None, now_ms: int | None = None) -> dict[Cell, float]:
        """The scores and counts of these windows, or all; of the event clock also what ages."""
        return exposition.scores(cells(self.recount, self.rules, now_ms), windows, still=self.still)

    @property
    def still(self) -> bool:
        """Whether windows end where events do, so that what ages can be compared."""
        return self.rules.clock == "event"


def scrape(workers: Sequence[Worker]) -> list[dict[Cell, float]]:
    """What each worker exports."""
    return [exposition.parse(worker.get("/metrics")) for worker in workers]


def taken(pages: Sequence[Mapping[Cell, float]]) -> Counter[tuple[str, ...]]:
    """Records by topic and outcome, over all workers."""
    counted = (exposition.counters(page, "cx_records_total", "topic", "outcome") for page in pages)
    return sum(counted, Counter())


def wait_until_taken(workers: Sequence[Worker], records: int, deadline: float = 120) -> None:
    """Wait until the workers have counted so many records."""

    def all_taken() -> bool:
        for worker in workers:
            worker.check_alive()
        found = taken(scrape(workers))
        assert found.total() >= records, f"{found.total()} of {records}: {found}"
        return True

    eventually(all_taken, deadline, f"{records} records taken")


def scores_of(
    workers: Sequence[Worker], windows: Sequence[str] | None = None, *, still: bool = False
) -> dict[Cell, float]:
    """The scores of all workers together; one cell from two workers is an error."""
    found: dict[Cell, float] = {}
    for page in scrape(workers):
        own = exposition.scores(page, windows, still=still)
        doubled = found.keys() & own.keys()
        assert not doubled, f"from two workers: {sorted(doubled)[:SHOWN]}"
        found |= own
    return found


def assert_scores(
    workers: Sequence[Worker],
    expected: Mapping[Cell, float],
    windows: Sequence[str] | None = None,
    deadline: float = 30,
) -> None:
    """Fail unless the workers come to export exactly these scores; what ages among them if it is here."""
    still = any(name in exposition.AGEING for name, _ in expected)

    def equal() -> bool:
        found = exposition.differences(expected, scores_of(workers, windows, still=still))
        assert not found, f"{len(found)} of {len(expected)} cells differ:\n" + "\n".join(found[:SHOWN])
        return True

    eventually(equal, deadline, "the workers export what the oracle counts")
