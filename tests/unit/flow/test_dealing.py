"""Every partition is dealt out once, whatever the dealing member's metadata says."""

from types import SimpleNamespace

import pytest

from stream.flow.dealing import dealer

TOPICS = ("cx.surveys", "cx.tallies")


@pytest.mark.parametrize("known", [{}, {"cx.surveys": {0, 1, 2, 3}}, {key: {0, 1, 2, 3} for key in TOPICS}])
def test_all_partitions_are_dealt_out_evenly(known: dict[str, set[int]]) -> None:
    """A broker that has just come up may name no topic."""
    member = SimpleNamespace(subscription=TOPICS)
    cluster = SimpleNamespace(partitions_for_topic=known.get)
    dealt = dealer(4).assign(cluster, {"a": member, "b": member})
    got = [
        (topic, partition)
        for each in dealt.values()
        for topic, partitions in each.assignment
        for partition in partitions
    ]
    assert [(topic, partition) for topic in TOPICS for partition in range(4)] == sorted(got)
    assert [4, 4] == [sum(len(p) for _, p in each.assignment) for each in dealt.values()]
