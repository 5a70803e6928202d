"""How long a partition waits from one flush to the next. Pure."""

_SHARE = 4
"""It waits this many times as long as one flush of each of the source partitions takes, up to `_MAX_S`: so
at most a fifth of the processor time is flushing, however many partitions there are."""
_MAX_S = 1.0
_BACKLOG, _BACKLOG_S = 10_000, 4.0
"""While so many offsets wait nobody sees the latest, and the same panes change again and again."""


def is_behind(waiting: int | None) -> bool:
    """Whether so many offsets of the log wait that it may be flushed seldom; None: not known."""
    return (waiting or 0) > _BACKLOG


def spacing_s(least_s: float, flush_s: float, *, behind: bool) -> float:
    """Seconds to the next flush: `least_s`, or more as flushes take `flush_s` of processor time."""
    return _BACKLOG_S if behind else min(max(least_s, _SHARE * flush_s), _MAX_S)
