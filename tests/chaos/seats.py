"""A broker, and workers in seats: struck as a schedule says, started again when they end by themselves."""

import contextlib
import signal
import threading
import time
from abc import ABC, abstractmethod
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

from stream.cli.main import USAGE
from tests.chaos.schedule import BROKER, Action, Phase, Verb
from tests.support import kafka
from tests.support.disk import Disk
from tests.support.processes import Process

_BROKER = {
    # Segments roll and are compacted within a run, so that recovery meets compacted logs.
    "log.segment.bytes": str(1024 * 1024),
    "log.cleaner.backoff.ms": "1000",
    # A join waits no longer than it must.
    "group.initial.rebalance.delay.ms": "0",
}
_END_S = 20.0
_ENDED_WELL = (0, -signal.SIGTERM)
"""The latter where it was told before it had begun to listen."""
_LOG_TAIL = 2_000
_DISK_BYTES = 128 * 2**20
_OUTAGE_S = 60.0
_AGAIN_S = 3.0


Seated = TypeVar("Seated", bound=Process)


class Ended(NamedTuple):
    """A worker that ended without being told to, or not as it should."""

    seat: int
    status: int | None
    outage: bool
    """Whether the broker was down, or its disk full, not long before."""
    begun: bool
    """Whether it had come so far as to count anything."""
    log: str


class _Broker(kafka.Broker):
    """Starts with half the processor time: the time it is away is to be that of the schedule."""

    def _java(self, heap: str) -> list[str]:
        java, *rest = super()._java(heap)
        return [java, "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", *rest]


class Seats(ABC, Generic[Seated]):
    """Broker and workers. Times are of the monotonic clock."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.broker = _Broker(folder / "kafka", _BROKER)
        self.workers: dict[int, Seated] = {}
        self.ended: list[Ended] = []
        self.stop_seconds: list[float] = []
        """How long each worker took to end after SIGTERM."""
        self._wanted: set[int] = set()
        self._told: dict[int, float] = {}
        self._again_s: dict[int, float] = {}
        self._down_s = -_OUTAGE_S
        self._disks: dict[int, Disk] = {}
        self._full_s: dict[int, float] = {}
        self._broker_thread = ThreadPoolExecutor(1)
        self._lock = threading.Lock()
        self._events = (folder / "events").open("a", encoding="utf-8", buffering=1)

    def data(self, seat: int) -> Path:
        """The folder for a worker's data, on a disk of its own."""
        return self._disk(seat).folder

    @property
    def limited(self) -> bool:
        """Whether the disks can be filled."""
        return all(disk.limited for disk in self._disks.values())

    def _disk(self, seat: int) -> Disk:
        if seat not in self._disks:
            self._disks[seat] = Disk(self.folder / f"worker-{seat}" / "data", _DISK_BYTES)
        return self._disks[seat]

    def _log(self, what: str) -> None:
        """For whoever looks for the cause afterwards: what was done when, beside the workers' logs."""
        print(time.strftime("%H:%M:%S"), what, file=self._events)

    @abstractmethod
    def start(self) -> None:
        """Start all workers and wait until they are ready."""

    @abstractmethod
    def _launch(self, seat: int, log: Path) -> Seated:
        """Start the worker of a seat."""

    def _start(self, seat: int) -> None:
        former = self.workers.get(seat)
        if former is not None:
            self._see_end(seat, former)
        self._again_s.pop(seat, None)
        self.workers[seat] = self._launch(seat, self.folder / f"worker-{seat}" / "log")
        self._wanted.add(seat)

    def _see_end(self, seat: int, worker: Seated) -> None:
        """Wait for the end of a worker that was told to end."""
        told_s = self._told.pop(seat, None)
        if told_s is not None:
            with contextlib.suppress(AssertionError):
                worker.wait(_END_S)
            if worker.returncode not in _ENDED_WELL:
                self._note_end(seat, worker)
        worker.kill()

    def _note_end(self, seat: int, worker: Seated) -> None:
        since_s = max(self._down_s, self._full_s.get(seat, -_OUTAGE_S))
        outage = time.monotonic() - since_s < _OUTAGE_S
        self._log(f"worker {seat} ended with {worker.returncode}")
        self.ended.append(
            Ended(seat, worker.returncode, outage, worker.returncode != USAGE, worker.log[-_LOG_TAIL:])
        )

    def strike(self, phase: Phase) -> list[tuple[float, str]]:
        """Do what the schedule says, when it says so; returns what was done when."""
        begun_s, pause, done = time.monotonic(), threading.Event(), []
        for action in phase.actions:
            pause.wait(max(0.0, begun_s + action.at_s - time.monotonic()))
            done.append((action, self._act(action)))
        pause.wait(max(0.0, begun_s + phase.seconds - time.monotonic()))
        return sorted((each.result(), str(action.verb)) for action, each in done)

    def _act(self, action: Action) -> Future[float]:
        """Do it; nothing to a worker that is down. The broker takes its time, and is not waited for."""
        if action.seat == BROKER:
            return self._broker_thread.submit(self._act_on_broker, action.verb)
        at_s = time.monotonic()
        with self._lock:
            self._act_on_worker(action)
        self._log(f"{action.verb} worker {action.seat}")
        done: Future[float] = Future()
        done.set_result(at_s)
        return done

    def _act_on_worker(self, action: Action) -> None:
        seat, worker = action.seat, self.workers.get(action.seat)
        match action.verb:
            case Verb.START:
                self._start(seat)
            case Verb.KILL if worker:
                self._wanted.discard(seat)
                worker.kill()
            case Verb.TERM if worker:
                self._wanted.discard(seat)
                self._told[seat] = time.monotonic()
                worker.signal(signal.SIGTERM)
            case Verb.FREEZE if worker:
                worker.signal(signal.SIGSTOP)
            case Verb.THAW if worker:
                worker.signal(signal.SIGCONT)
            case Verb.FILL:
                self._disk(seat).fill()
                self._full_s[seat] = float("inf")
            case Verb.FREE:
                self._disk(seat).free()
                self._full_s[seat] = time.monotonic()
            case _:
                pass

    def _act_on_broker(self, verb: Verb) -> float:
        """Returns when it was struck, or was up again."""
        at_s = self._down_s = time.monotonic()
        deeds = {
            Verb.BROKER_STOP: self.broker.stop,
            Verb.BROKER_KILL: self.broker.kill,
            Verb.BROKER_START: self.broker.start,
            Verb.BROKER_FREEZE: self.broker.pause,
            Verb.BROKER_THAW: self.broker.resume,
        }
        self._log(f"{verb} …")
        deeds[verb]()
        self._log(f"{verb} done")
        self._down_s = time.monotonic()
        return self._down_s if verb in (Verb.BROKER_START, Verb.BROKER_THAW) else at_s

    def watch_over(self) -> None:
        """Start workers again that ended by themselves, as a supervisor would; note how long stops take."""
        with self._lock:
            for seat, worker in list(self.workers.items()):
                self._watch_over(seat, worker)

    def _watch_over(self, seat: int, worker: Seated) -> None:
        if worker.returncode is not None:
            told_s = self._told.get(seat)
            if told_s is not None and worker.returncode == 0:
                self.stop_seconds.append(time.monotonic() - told_s)
                del self._told[seat]
            elif seat in self._wanted:
                if seat not in self._again_s:
                    self._note_end(seat, worker)
                    self._again_s[seat] = time.monotonic() + _AGAIN_S
                elif time.monotonic() > self._again_s[seat]:
                    self._start(seat)

    def alive(self) -> list[Seated]:
        """Workers that should run now."""
        return [self.workers[seat] for seat in sorted(self._wanted)]

    def close(self) -> None:
        """End everything."""
        self._broker_thread.shutdown()
        for worker in self.workers.values():
            worker.kill()
        for disk in self._disks.values():
            disk.close()
        self.broker.kill()
