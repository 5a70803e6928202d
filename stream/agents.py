"""The agents: batches of the source topics to stage one, of tallies to stage two. Nothing else is here."""

from collections.abc import AsyncIterator
from typing import Any

from stream.engine import Engine
from stream.flow.batches import BatchApp
from stream.flow.stage import Stage


def wire(app: BatchApp, engine: Engine) -> None:
    """Give every stage its agent, and the engine its part in the app's life."""
    for name, stage in {**engine.sources, "tallies": engine.scores}.items():
        _agent(app, engine, name, stage)

    @app.on_partitions_assigned.connect(weak=False)
    async def assigned(_app: Any, assigned: Any = (), **_: Any) -> None:
        await engine.assigned(set(assigned))

    @app.on_partitions_revoked.connect(weak=False)
    async def revoked(_app: Any, revoked: Any = (), **_: Any) -> None:  # noqa: ARG001 - Faust passes it by name
        await engine.revoked()

    @app.timer(1.0)  # type: ignore[untyped-decorator]  # Faust's, unlike its agent
    async def tick() -> None:
        await engine.tick()


def _agent(app: BatchApp, engine: Engine, name: str, stage: Stage) -> None:
    @app.agent(app.batches(stage.topic, engine.settings.partitions), name=f"cx.{name}")
    async def take(batches: Any) -> None:
        events: AsyncIterator[Any] = batches.noack().events()
        async for event in events:
            try:
                await stage.take(event.message.tp, event.value)
            except Exception as error:
                # Faust would pass over the batch and go on.
                await engine.crash(error)
                raise
            await batches.ack(event)
