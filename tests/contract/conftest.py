"""The contract, read once; a test that spoils it takes a copy."""

import copy
import dataclasses

import pytest

from tests.support.contract import Contract, load


@pytest.fixture(scope="session")
def contract() -> Contract:
    """The contract as it stands; not to be changed."""
    return load()


@pytest.fixture
def spoilable(contract: Contract) -> Contract:
    """A copy that a test may change."""
    return dataclasses.replace(
        contract,
        schemas=copy.deepcopy(contract.schemas),
        examples=list(contract.examples),
        asyncapi=copy.deepcopy(contract.asyncapi),
        types={topic: dict(types) for topic, types in contract.types.items()},
        topics=list(contract.topics),
        reasons=list(contract.reasons),
    )
