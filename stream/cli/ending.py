"""A worker's process ends within the promised time, whatever does not answer or has died."""

import logging
import os
import signal
import threading

from mode import Worker

log = logging.getLogger(__name__)
_DEADLINE_S = 9.0


class PromptWorker(Worker):
    """Mode's worker with an end: some seconds after SIGTERM, or after what crashed it.

    Handing over has given up by then; what was not committed is read again.
    """

    _ending = False

    def _schedule_shutdown(self, signal: signal.Signals) -> None:
        self._end_soon()
        super()._schedule_shutdown(signal)

    async def stop(self) -> None:
        """Stop the service."""
        self._end_soon()
        await super().stop()

    def _end_soon(self) -> None:
        if not self._ending:
            self._ending = True
            timer = threading.Timer(_DEADLINE_S, _end)
            timer.daemon = True
            timer.start()


def _end() -> None:
    log.warning("a broker does not answer: ending all the same, after %.0f s", _DEADLINE_S)
    logging.shutdown()
    os._exit(1)
