"""How far a source partition has come: until all have passed a pane, it is not closed."""

from stream.intake.partition import Intake
from stream.scoring.message import Mark


def mark(intake: Intake, ended_ms: int | None) -> Mark:
    """The mark of what was folded: the highest time accepted.

    `ended_ms`: when the broker last said that nothing was left to read, None: something is. Then there was
    nothing earlier than that (wall clock: no answer is expected sooner than it happens), or (event clock)
    nobody waits for it. By the wall clock an event from the future moves nothing beyond its record's time.
    """
    clocks = intake.clocks
    by_wall = not clocks.by_event_time
    reached_ms = min(clocks.mark_ms, clocks.stored_ms) if by_wall else clocks.mark_ms
    if by_wall and ended_ms is not None:
        reached_ms = max(reached_ms, ended_ms)
    return Mark(
        f"{intake.source.topic}-{intake.source.partition}",
        intake.position,
        reached_ms,
        intake.tallies.watched_tenants,
        not by_wall and ended_ms is not None,
    )
