"""What must not change under stored state: checked at recovery, so that nobody counts by two rules."""

import hashlib
from collections.abc import Sequence

import orjson

from stream.errors import CxError
from stream.settings import Settings

KEY = b"s"
_LAYOUT = 7
"""Raised when what is kept takes another form."""


class StateError(CxError):
    """Stored state cannot be used with these settings or these topics; the message says what to do."""


def hash_key(settings: Settings) -> bytes:
    """The key of all customer hashes, 32 bytes: from CX_HASH_KEY_FILE, else derived from CX_APP_ID."""
    if settings.hash_key_file is not None:
        secret = settings.hash_key_file.read_bytes().strip()
    else:
        secret = b"cx-stream:" + settings.app_id.encode()
    return hashlib.blake2b(secret, digest_size=32).digest()


def fingerprint(settings: Settings) -> dict[str, object]:
    """What the state depends on, by setting."""
    key = hashlib.blake2b(b"fingerprint", digest_size=8, key=hash_key(settings)).hexdigest()
    return {
        "CX_WINDOWS": [window.label for window in settings.windows],
        "CX_VIEWS": [view.label for view in settings.views],
        "CX_PARTITIONS": settings.partitions,
        "CX_TOPIC_PREFIX": settings.topic_prefix,
        "CX_CLOCK": settings.clock,
        "CX_LATEST_PER_CUSTOMER": settings.latest_per_customer,
        "CX_HASH_KEY_FILE": f"key {key}",
        "inactivity in the table kpis of CX_CONFIG": f"{settings.kpis.inactivity_ms} ms",
        "the layout of the state": _LAYOUT,
    }


def pair(settings: Settings) -> tuple[bytes, bytes]:
    """The changelog record that holds the fingerprint."""
    return KEY, orjson.dumps(fingerprint(settings))


def check(settings: Settings, pairs: Sequence[tuple[bytes, bytes | None]]) -> None:
    """Raise StateError when the state was made under other settings."""
    for key, value in pairs:
        if key == KEY and value is not None:
            stored, now = orjson.loads(value), fingerprint(settings)
            changed = [
                f"{name} was {stored.get(name)}, is {now[name]}"
                for name in now
                if stored.get(name) != now[name]
            ]
            if changed:
                raise StateError(
                    f"the state of CX_APP_ID={settings.app_id} was made under other settings: "
                    f"{'; '.join(changed)}. Set them back, or run `cx rebuild` to count anew under another "
                    "CX_APP_ID."
                )
