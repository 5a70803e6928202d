"""Committed offsets: asked for again while their coordinator loads, and told by members of the group alone.

Since OffsetFetch v2 an error of the whole group comes beside an empty list of partitions, and aiokafka 0.14
looks at partitions alone: for a moment after a broker's crash nothing seems to be committed, and the consumer
begins with the oldest record (docs/decisions/0014).

A member that the group does not know any more has neither generation nor id, and aiokafka commits all the
same: a broker takes that for a client without a group as long as nobody else is in it. After a crash of the
broker that put offsets back which another worker had committed meanwhile.
"""

from typing import Any

from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.errors import NoError, NotCoordinatorForGroupError, UnknownMemberIdError, for_code
from aiokafka.protocol.commit import OffsetCommitRequest, OffsetFetchRequest

_send_req = GroupCoordinator._send_req  # noqa: SLF001 - replaced below


async def _send(self: GroupCoordinator, request: Any) -> Any:
    no_member = self.generation == OffsetCommitRequest.DEFAULT_GENERATION_ID
    if no_member and isinstance(request, OffsetCommitRequest):
        raise UnknownMemberIdError(self.group_id)
    answer = await _send_req(self, request)
    if isinstance(request, OffsetFetchRequest):
        error = for_code(getattr(answer, "error_code", NoError.errno))
        if error is NotCoordinatorForGroupError:
            self.coordinator_dead()
        if error is not NoError:
            raise error
    return answer


def ask_again() -> None:
    """From now on, in every aiokafka consumer of this process."""
    GroupCoordinator._send_req = _send  # noqa: SLF001 - aiokafka has no other way in
