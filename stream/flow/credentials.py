"""How Faust logs in to the brokers. Apart from `security`, so that publishers need not import Faust."""

from faust.auth import Credentials, SASLCredentials, SSLCredentials

from stream.flow.security import ssl_context
from stream.settings import Settings


def broker_credentials(settings: Settings) -> Credentials | None:
    """`broker_credentials` of the Faust app; None for brokers without TLS and users."""
    context = ssl_context(settings)
    if settings.broker_username is not None:
        return SASLCredentials(
            username=settings.broker_username,
            password=settings.broker_password,
            ssl_context=context,
            mechanism=settings.broker_mechanism or "PLAIN",
        )
    return None if context is None else SSLCredentials(context)
