"""The stream of trouble: repeatable, and with everything in it that it is there for."""

from collections import defaultdict

import pytest

from tests.support.oracle import Recount, Rules, recount
from tests.support.recount.model import REASONS
from tests.support.stories import Message, as_stored
from tests.support.trouble import KNOWN_TENANTS, Trouble

NOW_MS = 1_790_000_000_000
RULES = Rules.from_env({"CX_WINDOWS": "5m,1h,30d", "CX_TENANTS": KNOWN_TENANTS, "CX_DEDUP_RECORDS": "100"})


@pytest.fixture(scope="module")
def messages() -> list[Message]:
    """A stream as the integration tests send it, but shorter."""
    return Trouble(1, NOW_MS).messages(10_000)


@pytest.fixture(scope="module")
def found(messages: list[Message]) -> Recount:
    """What the oracle makes of it."""
    return recount(as_stored(messages, NOW_MS), RULES)


def test_the_same_seed_gives_the_same_messages(messages: list[Message]) -> None:
    """And another seed others."""
    assert messages[:500] == Trouble(1, NOW_MS).messages(10_000)[:500]
    assert messages[:500] != Trouble(2, NOW_MS).messages(500)


def test_the_oracle_gives_every_message_the_reason_that_it_was_made_for(
    messages: list[Message], found: Recount
) -> None:
    """Two who read the contract, one to make and one to judge, agree on each record."""
    wrong: defaultdict[tuple[str | None, str | None], list[bytes | None]] = defaultdict(list)
    for message, record in zip(messages, as_stored(messages, NOW_MS), strict=True):
        reason = found.rejections.get((record.topic, record.partition, record.offset))
        if reason != message.meant:
            wrong[message.meant, reason].append(message.value)
    assert {} == wrong


def test_every_reason_outcome_and_correction_comes_up(found: Recount) -> None:
    """Otherwise the comparison proves less than it says."""
    assert set(REASONS) == {reason for _, reason in found.rejected}
    assert {"counted", "duplicate", "retracted", "test", "rejected"} == {
        outcome for _, outcome in found.records
    }
    assert {"late", "late_invitation", "revision", "retraction"} == {
        kind for kind, n in found.corrections.items() if n > 20
    }
    assert {"surveys", "interactions", "relationships"} == {topic for topic, _ in found.records}
    assert sum(found.misplaced.values()) > 50


def test_both_modes_of_cloudevents_come_up_and_every_kind_of_count(
    messages: list[Message], found: Recount
) -> None:
    """Structured and binary; three tenants, three levels, five families."""
    binary = sum(any(name.startswith("ce_") for name, _ in each.headers) for each in messages)
    assert 1000 < binary < 3000
    for values, least in (
        ({each.tenant for each in found.standing}, 3),
        ({each.level for each in found.standing}, 3),
        ({each.channel for each in found.standing}, 5),
        ({each.segments for each in found.standing}, 1),
        ({each.family for each in found.standing}, 5),
    ):
        assert len(values) >= least
