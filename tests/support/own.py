"""Settings of a service of a test's own."""

import uuid
from pathlib import Path

from tests.support.ports import free_ports


def own_service(broker: str, folder: Path) -> dict[str, str]:
    """Topics, group, folder and port that no other test has; `broker`: host:port."""
    run = f"t{uuid.uuid4().hex[:10]}"
    return {
        "CX_BROKER": f"kafka://{broker}",
        "CX_APP_ID": run,
        "CX_TOPIC_PREFIX": f"{run}.",
        "CX_DATADIR": str(folder / "data"),
        "CX_METRICS_PORT": str(free_ports(1)[0]),
        "CX_SESSION_TIMEOUT": "6s",
    }
