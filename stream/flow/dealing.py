"""Partitions are dealt out to workers one by one, over all topics, also those that a broker forgot to name.

The member that deals asks its own metadata which partitions there are. A broker that has just come up
answers for a moment that it knows no topics; aiokafka deals out nothing then, every worker is content with
nothing, and that stands until metadata is renewed, five minutes later. How many partitions there are is a
setting, checked at the start.
"""

from collections.abc import Mapping
from typing import Any

from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor


class _Known:
    """A cluster's metadata; topics that it does not know have the partitions that they must have."""

    def __init__(self, cluster: Any, partitions: int) -> None:
        self._cluster = cluster
        self._partitions = set(range(partitions))

    def partitions_for_topic(self, topic: str) -> set[int]:
        """The numbers of the topic's partitions."""
        known: set[int] | None = self._cluster.partitions_for_topic(topic)
        return known or self._partitions


def dealer(partitions: int) -> type[RoundRobinPartitionAssignor]:
    """Round robin as of aiokafka (its sticky one deals out topic by topic: one worker had all surveys)."""

    class Dealer(RoundRobinPartitionAssignor):  # type: ignore[misc]  # aiokafka carries no types
        @classmethod
        def assign(cls, cluster: Any, members: Mapping[str, Any]) -> dict[str, Any]:
            dealt: dict[str, Any] = super().assign(_Known(cluster, partitions), members)
            return dealt

    return Dealer
