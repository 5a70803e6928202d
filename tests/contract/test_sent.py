"""What the code sends satisfies the schemas that the contract has for it."""

import json

import pytest
from aiokafka import TopicPartition

from stream.export.scores import record_value
from stream.flow.intake import _outgoing
from stream.intake.decode import Decoder
from stream.intake.record import Rejected
from stream.intake.rejection import Rejection
from stream.scoring.estimates import Limits
from stream.scoring.families import FAMILIES, Row, Series
from tests.support.contract import Contract, Stored
from tests.support.events import event, written
from tests.support.tallies import of_n

_SERIES = Series("acme", "interaction", "total", "", "", "")


@pytest.mark.parametrize("family", FAMILIES)
def test_scores_satisfy_their_schema(contract: Contract, family: str) -> None:
    """With few answers and with many; where there is nothing to show, nothing is sent."""
    validator = contract.validator("cx.score")
    for each in (0, 1, 7, 1_000):
        row = Row(_SERIES, family, "1h", of_n(family, each))
        value = record_value(row, Limits(5, 30), 1_777_889_730_123)
        if value is None:
            assert each < 5
        else:
            validator.validate(json.loads(value))


@pytest.mark.parametrize(
    "value", [None, b"", b"\xff" * 70_000, written(event("cx.interaction.v1", time="now")), b"{}"], ids=repr
)
def test_headers_of_rejected_records_satisfy_their_schema(contract: Contract, value: bytes | None) -> None:
    """Whatever was wrong with the record; its own headers are kept beside ours."""
    why = Decoder("interactions").decode(value)
    assert isinstance(why, Rejection)
    record = Stored(value, headers=[("ce_id", b"e-1"), ("content-type", b"application/json")])
    _, _, headers = _outgoing(TopicPartition("cx.interactions", 3), Rejected(record, why))
    contract.validator("cx.rejected.headers").validate({name: text.decode() for name, text in headers})
