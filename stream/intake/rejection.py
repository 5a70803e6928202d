"""Why a record is not counted: a closed set of reasons, as values, in the order in which they are looked for.

    too_big                 the record, before it is parsed
    └─ malformed            the text
       └─ not_cloudevents   the envelope
          └─ unknown_type
             └─ missing_field, bad_type, bad_label, personal_data, unknown_tenant, off_scale    the fields
                └─ future, too_late                                                             its time

An event with several faults has the reason that stands first here. A rejection is returned, counted and
kept with the original bytes; it is never raised.
"""

from dataclasses import dataclass
from enum import StrEnum

MAX_DETAIL = 200


class Reason(StrEnum):
    """The reasons of the contract; the order of the members is the order of the checks."""

    TOO_BIG = "too_big"
    MALFORMED = "malformed"
    NOT_CLOUDEVENTS = "not_cloudevents"
    UNKNOWN_TYPE = "unknown_type"
    MISSING_FIELD = "missing_field"
    BAD_TYPE = "bad_type"
    BAD_LABEL = "bad_label"
    PERSONAL_DATA = "personal_data"
    UNKNOWN_TENANT = "unknown_tenant"
    OFF_SCALE = "off_scale"
    FUTURE = "future"
    TOO_LATE = "too_late"


@dataclass(frozen=True, slots=True)
class Rejection:
    """A reason and, for people, where it applies: names of fields and rules, never what fields hold."""

    reason: Reason
    detail: str

    def __post_init__(self) -> None:
        """Cut the detail: it travels in a record header and in log lines."""
        if len(self.detail) > MAX_DETAIL:
            object.__setattr__(self, "detail", self.detail[: MAX_DETAIL - 1] + "…")
