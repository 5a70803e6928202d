"""What an agent does with a batch; Faust itself passes over one that raises."""

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any, cast

import pytest

from stream.agents import _agent
from stream.engine import Engine
from stream.flow.batches import BatchApp
from stream.flow.stage import Stage


class Batches:
    """One batch, and which were acknowledged."""

    def __init__(self) -> None:
        self.acked: list[Any] = []

    def noack(self) -> "Batches":
        return self

    async def events(self) -> AsyncIterator[Any]:
        yield SimpleNamespace(message=SimpleNamespace(tp="t-0"), value="batch")

    async def ack(self, event: Any) -> None:
        self.acked.append(event)


class Parts:
    """App, engine and stage in one."""

    topic = "t"
    settings = SimpleNamespace(partitions=1)

    def __init__(self, fault: Exception | None) -> None:
        self.fault = fault
        self.crashed: list[Exception] = []
        self.agents: list[Any] = []

    def batches(self, *_: Any) -> None:
        """No topic is needed."""

    def agent(self, *_: Any, **__: Any) -> Any:
        return self.agents.append

    async def take(self, *_: Any) -> None:
        if self.fault is not None:
            raise self.fault

    async def crash(self, error: Exception) -> None:
        self.crashed.append(error)


def ran(fault: Exception | None) -> tuple[Parts, Batches]:
    """An agent over one batch."""
    parts, batches = Parts(fault), Batches()
    _agent(cast("BatchApp", parts), cast("Engine", parts), "surveys", cast("Stage", parts))
    asyncio.run(parts.agents[0](batches))
    return parts, batches


def test_a_batch_that_was_taken_is_acknowledged() -> None:
    """And nothing ends."""
    parts, batches = ran(None)
    assert (1, []) == (len(batches.acked), parts.crashed)


def test_a_batch_that_cannot_be_taken_ends_the_worker() -> None:
    """Such as where the disk cannot be read: to pass over it would lose its records."""
    fault = OSError("the disk is gone")
    parts = Parts(fault)
    batches = Batches()
    _agent(cast("BatchApp", parts), cast("Engine", parts), "surveys", cast("Stage", parts))
    with pytest.raises(OSError, match="the disk is gone"):
        asyncio.run(parts.agents[0](batches))
    assert ([fault], []) == (parts.crashed, batches.acked)
