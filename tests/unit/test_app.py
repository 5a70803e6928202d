"""The app of a worker."""

import pytest

from stream.app import create_app
from stream.settings import Settings, SettingsError


def test_a_setting_that_would_do_nothing_is_refused_by_name() -> None:
    """Better than counting by other rules than the operator asked for."""
    with pytest.raises(SettingsError, match="CX_LATEST_PER_CUSTOMER"):
        create_app(Settings.from_env({"CX_LATEST_PER_CUSTOMER": "on"}))


def test_the_app_is_named_after_the_application_id() -> None:
    """The id names the consumer group."""
    assert create_app(Settings.from_env({"CX_APP_ID": "cx-2"})).conf.id == "cx-2"
