"""Schemas, examples, decoder and AsyncAPI say the same; that each check can fail: test_guards.py."""

import pytest

from tests.support.agreement import CHECKS, Check
from tests.support.channels import CHANNEL_CHECKS
from tests.support.contract import Contract
from tests.support.spoiling import schemas_and_decoder_agree_on_spoiled_examples


@pytest.mark.parametrize(
    "check",
    [*CHECKS, *CHANNEL_CHECKS, schemas_and_decoder_agree_on_spoiled_examples],
    ids=lambda check: check.__name__,
)
def test_contract_agrees_with_itself(contract: Contract, check: Check) -> None:
    """A check says in words what does not agree."""
    assert [] == list(check(contract))


def test_nothing_of_the_contract_is_missing(contract: Contract) -> None:
    """An empty folder would agree with itself as well."""
    assert 19 == len(list(contract.event_classes))
    assert 12 == len(contract.reasons)
    assert 7 == len(contract.asyncapi["channels"])
    assert len(contract.examples) > 200
