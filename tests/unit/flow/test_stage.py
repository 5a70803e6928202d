"""The partitions of one topic in a worker: nothing is left out, nothing folded twice, one owner at a time."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import wraps
from unittest.mock import patch

from aiokafka.errors import (
    KafkaConnectionError,
    KafkaError,
    KafkaTimeoutError,
    TopicAuthorizationFailedError,
)
from faust.types import TP

from stream.flow.changelog import FencedError
from stream.flow.stage import _PENDING_MAX
from tests.support.staging import Bed, FakeWork, Topic, idle, until

FIRST, SECOND = TP("t", 0), TP("t", 1)


def played(test: Callable[[Bed], Awaitable[None]]) -> Callable[[], None]:
    """Run a test with a bed of its own, and let go of everything afterwards."""

    @wraps(test)
    def run() -> None:
        async def play() -> None:
            bed = Bed()
            try:
                await test(bed)
            finally:
                await bed.stage.close()

        asyncio.run(play())

    del run.__wrapped__  # or pytest would ask for a fixture `bed`
    return run


@played
async def test_a_partition_begins_with_what_its_changelog_holds(bed: Bed) -> None:
    """And may commit at once what that says is done."""
    bed.topics[FIRST] = Topic(held={b"v": b"3 4 5"})
    work = await bed.assigned(0)
    assert [3, 4, 5] == work.folded
    assert (None, True) == work.begun
    await until(lambda: [5] == bed.host.marked)
    assert [0.0] == bed.host.times


@played
async def test_partitions_of_other_topics_are_not_ours(bed: Bed) -> None:
    """Every stage hears of all."""
    await bed.stage.assigned({TP("u", 0)})
    assert {} == bed.stage.slots
    assert bed.stage.ready()


@played
async def test_what_is_folded_becomes_durable_and_then_may_be_committed(bed: Bed) -> None:
    """Not before it is written."""
    work = await bed.assigned(0)
    work.gate.clear()
    await bed.taken(0, 5)
    await idle()
    assert ([0, 1, 2, 3, 4], []) == (work.folded, bed.host.marked)
    work.gate.set()
    await until(lambda: bool(bed.host.marked))
    assert ([1], {b"v": b"0 1"}) == (bed.host.marked, bed.topics[FIRST].held)
    await bed.stage.hand_over()
    assert ([1, 4], {b"v": b"0 1 2 3 4"}) == (bed.host.marked, bed.topics[FIRST].held)


@played
async def test_nothing_is_folded_before_the_state_is_recovered(bed: Bed) -> None:
    """Whoever comes early waits."""
    bed.closed_gates = True
    await bed.stage.assigned({FIRST})
    early = asyncio.create_task(bed.taken(0, 2))
    await idle()
    assert ([], False, False) == (bed.made[0].folded, early.done(), bed.stage.ready())
    bed.made[0].gate.set()
    await early
    assert [0, 1] == bed.made[0].folded


@played
async def test_a_gap_is_fetched_again_and_nothing_behind_it_is_folded(bed: Bed) -> None:
    """From behind the last record that was folded."""
    work = await bed.assigned(0)
    await bed.taken(0, 3)
    await bed.taken(5, 8)
    assert ([0, 1, 2], [3]) == (work.folded, bed.host.rewound)
    await bed.taken(3, 6)
    await bed.taken(6, 8)
    assert (list(range(8)), [3]) == (work.folded, bed.host.rewound)


@played
async def test_what_a_rebalance_lost_is_fetched_again_though_nothing_comes_after_it(bed: Bed) -> None:
    """Whether the partition is recovered or stays; what is still to come is left alone."""
    await bed.assigned(0)
    await bed.taken(0, 3)
    for times in (1, 2):
        bed.host.read[FIRST] = 7
        await bed.stage.hand_over()
        await bed.assigned(0)
        await until(lambda: bed.host.read[FIRST] == 3)
        assert times * [3] == bed.host.rewound
        await bed.other_owner(value=b"0 1 2")
    bed.host.read[FIRST] = 2
    await bed.stage.hand_over()
    await bed.assigned(0)
    await idle()
    assert ([3, 3], 2) == (bed.host.rewound, bed.host.read[FIRST])


@played
async def test_a_gap_is_asked_for_once_a_second(bed: Bed) -> None:
    """What is on its way still arrives meanwhile; a request that was lost is made again."""
    await bed.assigned(0)
    for start in (5, 6, 7):
        await bed.taken(start, start + 1)
    bed.clock.at_s += 1.1
    await bed.taken(8, 9)
    assert [0, 0] == bed.host.rewound


@played
async def test_offsets_that_the_log_never_had_are_no_gap(bed: Bed) -> None:
    """A stretch reaches as far as was fetched, also where its end holds no record for us."""
    work = await bed.assigned(0)
    await bed.taken(0, 3)
    bed.stage.slots[FIRST].through = 9
    await bed.taken(9, 10)
    assert ([0, 1, 2, 9], []) == (work.folded, bed.host.rewound)


@played
async def test_what_retention_deleted_is_passed_over(bed: Bed) -> None:
    """Nobody can fetch it again."""
    work = await bed.assigned(0)
    bed.host.first = 5
    await bed.taken(5, 7)
    assert ([5, 6], []) == (work.folded, bed.host.rewound)


@played
async def test_a_stretch_that_overlaps_is_folded_from_where_it_is_new(bed: Bed) -> None:
    """The work passes over what it knows."""
    work = await bed.assigned(0)
    await bed.taken(0, 4)
    await bed.taken(2, 6)
    assert list(range(6)) == work.folded


@played
async def test_a_partition_that_stays_goes_on_from_memory(bed: Bed) -> None:
    """Nobody wrote since: the state is not read again, and what was durable may be committed again."""
    work = await bed.assigned(0)
    await bed.taken(0, 3)
    await bed.stage.hand_over()
    bed.host.marked.clear()
    assert work is await bed.assigned(0)
    await until(lambda: [2] == bed.host.marked)
    await bed.taken(3, 5)
    assert ([0, 1, 2, 3, 4], 1) == (work.folded, len(bed.made))


@played
async def test_a_partition_that_another_worker_had_meanwhile_is_recovered_anew(bed: Bed) -> None:
    """What we remember is overtaken."""
    await bed.assigned(0)
    await bed.taken(0, 2)
    await bed.stage.hand_over()
    await bed.other_owner()
    work = await bed.assigned(0)
    await until(lambda: [0, 1, 2, 3] == work.folded)
    assert 2 == len(bed.made)
    await bed.taken(4, 6)
    await until(lambda: bed.host.marked[-1:] == [5])
    assert b"0 1 2 3 4 5" == bed.topics[FIRST].held[b"v"]


@played
async def test_a_kept_partition_folds_nothing_until_it_is_known_to_be_ours(bed: Bed) -> None:
    """What was folded before would be lost with the state that turns out to be overtaken."""
    work = await bed.assigned(0)
    await bed.stage.hand_over()
    await bed.stage.assigned({FIRST})
    assert not bed.stage.ready()
    early = asyncio.create_task(bed.taken(0, 2))
    await bed.other_owner(value=b"0 1 2 3")
    await early
    assert [] == work.folded
    assert [0, 1, 2, 3] == bed.made[-1].folded


@played
async def test_a_fenced_write_drops_the_partition_here_and_nothing_else(bed: Bed) -> None:
    """Its new owner has the state; nothing of ours overwrites it, and nothing more is folded."""
    await bed.assigned(0, 1)
    await bed.other_owner()
    await bed.taken(0, 2)
    slot = bed.stage.slots[FIRST]
    await until(lambda: slot.lost)
    folded = list(slot.work.folded)  # type: ignore[attr-defined]
    await bed.taken(2, 4)
    assert folded == slot.work.folded  # type: ignore[attr-defined]
    assert b"0 1 2 3" == bed.topics[FIRST].held[b"v"]
    assert not bed.stage.ready()
    assert [bed.stage.slots[SECOND].work] == bed.stage.works()
    assert [] == bed.host.marked


@played
async def test_a_dropped_partition_that_comes_back_is_recovered_anew(bed: Bed) -> None:
    """The claim is made again."""
    await bed.assigned(0)
    await bed.other_owner()
    await bed.taken(0, 2)
    await until(lambda: bed.stage.slots[FIRST].lost)
    work = await bed.assigned(0)
    assert [0, 1, 2, 3] == work.folded
    assert bed.stage.ready()
    assert [True, False] == [each.closed for each in bed.made]


@played
async def test_a_partition_that_was_taken_without_a_rebalance_ends_the_worker(bed: Bed) -> None:
    """Or nobody would read it here, and nobody would be told."""
    await bed.assigned(0)
    await bed.other_owner()
    await bed.taken(0, 2)
    await until(lambda: bed.host.failure is not None)


@played
async def test_a_write_that_fails_ends_the_worker(bed: Bed) -> None:
    """What was taken from the state cannot be put back."""
    work = await bed.assigned(0)
    work.fails = OSError("no broker")
    await bed.taken(0, 2)
    await until(lambda: work.fails is bed.host.failure)
    assert [] == bed.host.marked


@played
async def test_a_partition_that_nobody_cancelled_does_not_end_without_a_word(bed: Bed) -> None:
    """Awaiting a task of another that was cancelled looks the same."""
    work = await bed.assigned(0)
    work.fails = asyncio.CancelledError()
    await bed.taken(0, 2)
    await until(lambda: bed.host.failure is not None)
    assert "nobody cancelled" in str(bed.host.failure)


@played
async def test_a_revoked_partition_is_let_go_and_whoever_waits_for_it_goes_on(bed: Bed) -> None:
    """An agent that waits would stop all partitions of its topic."""
    bed.closed_gates = True
    await bed.stage.assigned({FIRST})
    early = asyncio.create_task(bed.taken(0, 2))
    await idle()
    slot = bed.stage.slots[FIRST]
    await bed.stage.assigned(set())
    await early
    assert [] == bed.made[0].folded
    await until(lambda: slot.changelog.closed)  # type: ignore[attr-defined]
    assert bed.made[0].closed
    await bed.taken(0, 2)
    assert {} == bed.stage.slots


@played
async def test_what_was_let_go_is_told_once_it_is_closed(bed: Bed) -> None:
    """So that its memory can be taken back then."""
    await bed.assigned(0)
    assert not bed.stage.has_let_go()
    await bed.stage.assigned(set())
    assert not bed.stage.has_let_go()  # its changelog is being closed
    await until(bed.stage.has_let_go)
    assert not bed.stage.has_let_go()


@played
async def test_after_a_sleep_only_what_nobody_claimed_is_ours(bed: Bed) -> None:
    """What is ours is fetched again from where it stands: a batch may have been cut short.

    What is not, and no rebalance says so, ends the worker: nobody would read on.
    """
    await bed.assigned(0, 1)
    await bed.taken(0, 2)
    await bed.other_owner(1)
    bed.host.read[FIRST] = 5
    bed.stage.doubt()
    assert [] == bed.stage.works()
    await until(lambda: bed.stage.slots[FIRST].usable)
    assert not bed.stage.slots[SECOND].usable
    await until(lambda: [2] == bed.host.rewound)
    await until(lambda: isinstance(bed.host.failure, FencedError))


@played
async def test_what_was_claimed_before_a_sleep_is_not_taken_for_ours_once_it_is_recovered(bed: Bed) -> None:
    """The sleep came while the changelog was read."""
    bed.closed_gates = True
    await bed.stage.assigned({FIRST})
    await until(lambda: bool(bed.made))
    await idle()
    bed.stage.doubt()
    await bed.other_owner()
    bed.made[0].gate.set()
    await until(lambda: isinstance(bed.host.failure, FencedError))
    assert [] == bed.stage.works()


@played
async def test_recovery_begins_anew_while_brokers_are_away(bed: Bed) -> None:
    """Nothing was taken yet; an error that will not go away ends the worker."""
    wrapped = KafkaError("as aiokafka has it")
    wrapped.__cause__ = KafkaConnectionError()
    bed.topics[FIRST] = Topic(failures=[KafkaConnectionError(), KafkaTimeoutError(), wrapped])
    with patch("stream.flow.stage._RECOVER_AGAIN_S", 0):
        await bed.assigned(0)
    assert len(bed.made) == 4
    await bed.stage.assigned(set())
    bed.topics[FIRST].failures.append(TopicAuthorizationFailedError())
    await bed.stage.assigned({FIRST})
    await until(lambda: isinstance(bed.host.failure, TopicAuthorizationFailedError))


@played
async def test_folding_stops_when_the_work_is_replaced_under_it(bed: Bed) -> None:
    """The rest of the stretch may not join on to the state that was recovered."""
    work = await bed.assigned(0)
    long = asyncio.create_task(bed.taken(0, 1_000))
    await until(lambda: len(work.folded) > 10)
    await bed.stage.hand_over()
    await bed.other_owner(value=b"0 1")
    again = await bed.assigned(0)
    await until(lambda: len(bed.made) == 2)
    await long
    assert len(work.folded) < 1_000
    await until(lambda: [0, 1] == bed.made[-1].folded)
    assert 0 == bed.stage.slots[FIRST].through
    assert again in bed.made


@played
async def test_folding_waits_while_too_much_is_not_durable(bed: Bed) -> None:
    """Memory and the size of a batch are bounded; other partitions go on."""
    work = await bed.assigned(0)
    work.weight = _PENDING_MAX // 4
    work.gate.clear()
    flood = asyncio.create_task(bed.taken(0, 100))
    await idle()
    assert (6, False) == (len(work.folded), flood.done())
    work.gate.set()
    await until(flood.done)
    assert list(range(100)) == work.folded


@played
async def test_who_waits_for_room_goes_on_after_a_rebalance(bed: Bed) -> None:
    """The task that was about to make room was ended by it, and had taken the news that there was none."""
    work = await bed.assigned(0)
    await bed.taken(0, 2)
    await until(lambda: [0, 1] == work.flushed)
    work.weight = _PENDING_MAX
    taking = asyncio.create_task(bed.taken(2, 8))
    await until(bed.stage.slots[FIRST].full.is_set)
    await bed.stage.hand_over()
    work.weight = 0
    await bed.assigned(0)
    await until(taking.done)
    assert list(range(8)) == work.folded


@played
async def test_a_flush_under_way_is_not_cut_short_by_handing_over(bed: Bed) -> None:
    """What it took from the state would be lost; what was folded meanwhile is flushed too."""
    work = await bed.assigned(0)
    work.gate.clear()
    await bed.taken(0, 2)
    await idle()
    await bed.taken(2, 4)
    over = asyncio.create_task(bed.stage.hand_over())
    await idle()
    assert not over.done()
    work.gate.set()
    await over
    assert [1, 3] == bed.host.marked
    assert b"0 1 2 3" == bed.topics[FIRST].held[b"v"]


@played
async def test_only_what_is_ours_is_released(bed: Bed) -> None:
    """The next owner then knows that nobody ended in between."""
    await bed.assigned(0, 1)
    await bed.other_owner()
    bed.topics[FIRST].released = False
    await bed.stage.hand_over()
    await bed.stage.release()
    assert (False, True) == (bed.topics[FIRST].released, bed.topics[SECOND].released)


@played
async def test_the_next_owner_is_told_whether_the_last_one_handed_over(bed: Bed) -> None:
    """With what was committed."""
    bed.topics[FIRST] = Topic(held={b"v": b"0 1"}, released=False)
    bed.host.marked.append(0)
    work = await bed.assigned(0)
    assert (1, False) == work.begun


@played
async def test_a_state_that_was_given_up_is_not_flushed(bed: Bed) -> None:
    """Handing over took too long."""
    work = await bed.assigned(0)
    work.gate.clear()
    await bed.taken(0, 2)
    bed.stage.lose()
    work.gate.set()
    await idle()
    await bed.taken(2, 4)
    await bed.stage.hand_over()
    assert [0, 1] == work.folded
    assert [] == bed.stage.works()


@played
async def test_the_dearer_the_flushes_of_all_the_seldomer_they_come(bed: Bed) -> None:
    """So that flushing takes a fifth of a worker's time at most."""
    await bed.assigned(0)
    found = []
    for bed.host.cost_s in (0.0, 0.0625, 0.5):
        found.append(bed.stage._spacing_s(bed.stage.slots[FIRST]))
    assert [0.05, 0.25, 1.0] == found


@played
async def test_whose_flushes_nobody_waits_for_flushes_seldomer(bed: Bed) -> None:
    """What scores come from is shown before it is flushed."""
    work = await bed.assigned(0)
    work.spacing_s = 0.5
    assert bed.stage._spacing_s(bed.stage.slots[FIRST]) == 0.5


async def behind(bed: Bed, end: int) -> FakeWork:
    """Has read four of so many offsets, and flushed two of them."""
    work = await bed.assigned(0)
    bed.host.ends[FIRST] = end
    await bed.taken(0, 2)
    await until(lambda: [0, 1] == work.flushed)
    await bed.taken(2, 4)
    return work


@played
async def test_who_has_read_the_last_of_a_backlog_flushes_at_once(bed: Bed) -> None:
    """Instead of every four seconds, as while it was far behind."""
    work = await behind(bed, 10_003)
    await until(lambda: [0, 1, 2, 3] == work.flushed)


@played
async def test_who_is_far_behind_flushes_seldom(bed: Bed) -> None:
    """Nobody sees the latest then, and each flush costs what it takes to read on."""
    work = await behind(bed, 10_005)
    await idle()
    assert [0, 1] == work.flushed
    assert bed.stage._spacing_s(bed.stage.slots[FIRST]) == 4.0


@played
async def test_a_stretch_that_joined_on_to_a_former_state_is_not_folded_into_the_next(bed: Bed) -> None:
    """Recovered while it was asked whether retention had taken what lies between."""
    former = await bed.assigned(0)
    slot = bed.stage.slots[FIRST]

    async def beginning(_: TP) -> int:
        bed.stage._renew(slot)
        return 5

    bed.host.beginning = beginning  # type: ignore[method-assign, assignment]
    await bed.taken(5, 7)
    assert slot.work is not former
    assert slot.usable
    assert ([], [], 0) == (former.folded, bed.made[-1].folded, slot.through)


@played
async def test_how_far_the_log_was_folded_is_said_of_the_state_that_took_it(bed: Bed) -> None:
    """One that came while the last slice waited to be durable begins where its changelog ends."""
    work = await bed.assigned(0)
    slot = bed.stage.slots[FIRST]
    work.weight = _PENDING_MAX
    work.gate.clear()
    taking = asyncio.create_task(bed.taken(0, 2))
    await until(lambda: [0, 1] == work.folded)
    bed.stage._renew(slot)
    slot.drained.set()
    await taking
    assert 0 == slot.through
