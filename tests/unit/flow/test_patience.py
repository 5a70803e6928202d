"""What a worker without a broker waits for."""

import asyncio
from types import SimpleNamespace

from aiokafka import TopicPartition
from aiokafka.producer.message_accumulator import MessageAccumulator

from stream.flow.patience import be_patient

AT = TopicPartition("t", 0)


def test_a_batch_waits_for_its_partitions_leader_however_old_it_is() -> None:
    """Until there is one; it is not given up."""
    leaders = [-1]
    cluster = SimpleNamespace(leader_for_partition=lambda _: leaders[0])

    async def play() -> None:
        loop = asyncio.get_running_loop()
        accumulator = MessageAccumulator(cluster, 1_000, 0, batch_ttl=-1, loop=loop)
        be_patient()
        builder = accumulator.create_builder()
        builder.append(timestamp=None, key=b"k", value=b"v")
        stored = await accumulator.add_batch(builder, AT, 1)
        nodes, is_unknown = accumulator.drain_by_nodes([])
        assert ({}, True, False) == (dict(nodes), is_unknown, stored.done())
        leaders[0] = 7
        nodes, _ = accumulator.drain_by_nodes([])
        assert [AT] == list(nodes[7])

    asyncio.run(play())
