"""What ends a command with status 2: its message says to a person what to do.

CxError
├─ SettingsError       a setting is unknown, cannot be read, or contradicts another (stream/settings.py)
├─ BrokerUnreachable   no broker answers
├─ LoginRefused        a broker answers, but does not let us in (stream/flow/refusal.py)
└─ TopicError          a topic is missing, or the broker refused to make or describe it
"""


class CxError(Exception):
    """Something outside the events is wrong, and a person can mend it."""


class BrokerUnreachable(CxError):  # noqa: N818  # the name says it
    """No broker answers."""

    def __init__(self, bootstrap: str, cause: Exception) -> None:
        super().__init__(
            f"no broker answers at {bootstrap} ({type(cause).__name__}). Set CX_BROKER to where one listens."
        )


class TopicError(CxError):
    """A topic is missing, or the broker refused to make or describe it."""
