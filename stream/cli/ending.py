"""A worker's process ends within the promised time of SIGTERM, also when a broker does not answer."""

import logging
import os
import signal
import threading

from mode import Worker

log = logging.getLogger(__name__)
_DEADLINE_S = 9.0


class PromptWorker(Worker):
    """Mode's worker with an end. Handing over has given up by then; what was not committed is read again."""

    def _schedule_shutdown(self, signal: signal.Signals) -> None:
        timer = threading.Timer(_DEADLINE_S, _end)
        timer.daemon = True
        timer.start()
        super()._schedule_shutdown(signal)


def _end() -> None:
    log.warning("a broker does not answer: ending all the same, %.0f s after the signal", _DEADLINE_S)
    logging.shutdown()
    os._exit(1)
