"""What is committed is asked for until the coordinator knows."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.errors import (
    GroupAuthorizationFailedError,
    GroupLoadInProgressError,
    NotCoordinatorForGroupError,
)
from aiokafka.protocol.commit import OffsetFetchResponse_v3

from stream.flow.asking import ask_again

AT = TopicPartition("t", 0)
KNOWN = OffsetFetchResponse_v3(0, [("t", [(0, 107, "", 0)])], 0)

ask_again()


def _coordinator(*answers: Any) -> Any:
    """Aiokafka's own, with answers instead of a broker."""
    left = list(answers)

    async def send(*_: Any, **__: Any) -> Any:
        return left.pop(0)

    async def known() -> None:
        made.coordinator_id = 1

    made = object.__new__(GroupCoordinator)
    made.__dict__.update(
        group_id="g",
        generation=3,
        coordinator_id=1,
        _retry_backoff_ms=0,
        _client=SimpleNamespace(send=send),
        dead=0,
    )
    made.ensure_coordinator_known = known
    made.coordinator_dead = lambda: made.__dict__.update(dead=made.dead + 1)
    return made


def _committed(coordinator: Any) -> int:
    offsets = asyncio.run(coordinator.fetch_committed_offsets([AT]))
    return int(offsets[AT].offset)


@pytest.mark.parametrize("error", [GroupLoadInProgressError, NotCoordinatorForGroupError])
def test_an_error_of_the_group_is_not_taken_for_nothing_committed(error: Any) -> None:
    """It is asked again, of another broker if this one is not the coordinator."""
    coordinator = _coordinator(OffsetFetchResponse_v3(0, [], error.errno), KNOWN)
    assert 107 == _committed(coordinator)
    assert (error is NotCoordinatorForGroupError) == coordinator.dead


def test_an_error_that_stays_is_raised() -> None:
    """As for one of a partition."""
    coordinator = _coordinator(OffsetFetchResponse_v3(0, [], GroupAuthorizationFailedError.errno))
    with pytest.raises(GroupAuthorizationFailedError):
        _committed(coordinator)
