"""Waiting on a condition with a deadline. Nothing in the tests sleeps for a length of time and hopes."""

import time
from collections.abc import Callable
from typing import TypeVar

_T = TypeVar("_T")
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.01, 0.25


def eventually(condition: Callable[[], _T], deadline: float, saying: str) -> _T:
    """Call `condition` until it returns something true, and return that; fail after `deadline` seconds.

    An AssertionError or OSError inside counts as "not yet"; the last one, or the last value, is told.
    """
    end = time.monotonic() + deadline
    pause = _FIRST_PAUSE_S
    while True:
        try:
            last: object = condition()
        except (AssertionError, OSError) as error:
            last = error
        else:
            if last:
                return last  # type: ignore[return-value]  # it is what the condition returned
        if time.monotonic() > end:
            cause = last if isinstance(last, Exception) else None
            raise AssertionError(f"not within {deadline:g} s: {saying} (last: {last!r})") from cause
        time.sleep(pause)
        pause = min(pause * 1.5, _LONGEST_PAUSE_S)
