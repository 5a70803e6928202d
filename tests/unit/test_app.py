"""The app of a worker."""

from stream.app import create_app
from stream.settings import Settings


def test_the_app_is_named_after_the_application_id() -> None:
    """The id names the consumer group."""
    assert create_app(Settings.from_env({"CX_APP_ID": "cx-2"})).conf.id == "cx-2"
