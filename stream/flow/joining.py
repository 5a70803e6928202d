"""A worker joins its group again after an error that aiokafka keeps until a user asks for it.

What aiokafka's coordination cannot name (an answer's unknown error code, a heartbeat refused) it keeps for
the next `getmany`, and stands still until then: it joins no group and sends no heartbeat. Faust takes records
from the fetcher and never asks, so such a worker read nothing for as long as its process lived.
"""

import asyncio
import logging
from typing import Any

from aiokafka.consumer.group_coordinator import GroupCoordinator

log = logging.getLogger(__name__)

_PAUSE_S = 0.5


def _join_again(self: GroupCoordinator, error: BaseException) -> Any:
    """Called once an error ended a task of the coordination; awaited before that goes on."""
    log.warning("group %s is joined again: %r", self.group_id, error)
    self.request_rejoin()
    return asyncio.wait([self._closing], timeout=_PAUSE_S)


def join_again() -> None:
    """From now on, in every aiokafka consumer of this process."""
    GroupCoordinator._push_error_to_user = _join_again  # noqa: SLF001 - aiokafka has no other way in
