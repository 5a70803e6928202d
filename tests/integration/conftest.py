"""Fixtures of the tests on a real Kafka."""

from collections.abc import Iterator

import pytest

from tests.support.kafka import skip_reason
from tests.support.secure_kafka import SecureBroker


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecureBroker]:
    """A Kafka that asks who is there, for the tests of one file."""
    reason = skip_reason()
    if reason is not None:
        pytest.skip(reason)
    made = SecureBroker(tmp_path_factory.mktemp("secure"))
    made.broker.start()
    yield made
    made.broker.kill()
