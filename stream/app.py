"""The Faust app of a worker. `faust -A stream.app worker` finds `app`, made from the environment."""

import gc
import os
from typing import Any

from stream.agents import wire
from stream.clock import Clock, SystemClock
from stream.engine import Engine
from stream.flow.asking import ask_again
from stream.flow.batches import BatchApp
from stream.flow.closing import close_quietly
from stream.flow.credentials import broker_credentials
from stream.flow.hangup import cut_connections
from stream.flow.joining import join_again
from stream.flow.patience import be_patient
from stream.flow.security import kafka_client_options
from stream.settings import Settings

_MAX_POLL_RECORDS = 5_000
"""More than a fetch of a megabyte has of events of some length: a stretch costs Faust half a millisecond."""
_BUFFERED_BATCHES = 6
_MAX_POLL_INTERVAL_S = 300.0
_GARBAGE = (100_000, 20, 50)
"""Thresholds of the garbage collector. What is kept has no cycles, and little else has: to look for some all
the time costs a sixth of an answer's time, and the longest pauses."""


class CxApp(BatchApp):
    """A Faust app with an engine that lives as long as it does."""

    engine: Engine

    async def on_first_start(self) -> None:
        """Start the engine before the consumer joins its group."""
        await super().on_first_start()
        try:
            await self.engine.start()
        except BaseException as error:
            self.engine.failure = error
            raise
        gc.collect()
        gc.freeze()  # what was imported stays, and is not looked through again

    async def on_stop(self) -> None:
        """Drop the series at once; stop reading, hand over, commit; then the consumer leaves the group."""
        await self.engine.stop_serving()
        await self._stop_consumer()
        await self.engine.stop()
        await super().on_stop()


def create_app(settings: Settings, clock: Clock | None = None, *, publishing: bool = True) -> CxApp:
    """The app of one worker; nothing is connected yet."""
    gc.set_threshold(*_GARBAGE)
    cut_connections()
    close_quietly()
    ask_again()
    join_again()
    be_patient()
    session_s = settings.session_timeout_s
    app = CxApp(
        settings.app_id,
        client_options=kafka_client_options(settings),
        broker=settings.broker,
        broker_credentials=broker_credentials(settings),
        broker_client_id=f"cx-{settings.app_id}",
        broker_commit_interval=settings.commit_interval_s,
        broker_max_poll_records=_MAX_POLL_RECORDS,
        broker_max_poll_interval=_MAX_POLL_INTERVAL_S,
        broker_session_timeout=session_s,
        broker_rebalance_timeout=max(session_s, 10.0),
        broker_heartbeat_interval=session_s / 5,
        broker_request_timeout=max(40.0, session_s + 5),
        consumer_group_instance_id=settings.instance_id,
        stream_buffer_maxsize=_BUFFERED_BATCHES,
        stream_wait_empty=False,
        store="memory://",
        table_standby_replicas=0,
        topic_partitions=settings.partitions,
        topic_allow_declare=False,
        topic_disable_leader=True,
        datadir=str(settings.datadir),
        web_enabled=False,
        worker_redirect_stdouts=False,
        logging_config=None,
    )
    app.engine = Engine(app, settings, clock or SystemClock(), publishing=publishing)
    wire(app, app.engine)
    return app


def __getattr__(name: str) -> Any:
    """Make `app` when it is asked for: importing this module alone reads no environment."""
    if name == "app":
        made = globals()["app"] = create_app(Settings.from_env(os.environ))
        return made
    raise AttributeError(name)
