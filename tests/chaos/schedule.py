"""What happens to workers and broker, and when: the same seed and length give the same schedule. Pure.

    calm    nobody dies: freezes beyond and within the session time-out, a worker more, broker down and killed
    storm   workers die as well: SIGKILL, SIGTERM, all at once, one added and removed

A strike is one or more actions. Every kind comes before any comes again; now and then one follows on the
heels of the other, so that rebalances and recoveries are struck as well.
"""

import random
from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import NamedTuple

SEATS = 3
"""Workers that are there from the beginning."""
SESSION_S = 6
BROKER = -1
_GAP_S = 25.0
"""Between strikes where there is time: enough to recover, so that recoveries can be told apart."""
_AT_ONCE = 0.15
"""How often a strike follows the former one at once."""


class Verb(StrEnum):
    """What is done, spelled as it is reported."""

    KILL = "SIGKILL"
    TERM = "SIGTERM"
    START = "worker starts"
    FREEZE = "SIGSTOP"
    THAW = "SIGCONT"
    FILL = "disk full"
    FREE = "disk free"
    BROKER_STOP = "broker stops"
    BROKER_KILL = "broker kill -9"
    BROKER_FREEZE = "broker SIGSTOP"
    BROKER_START = "broker starts"
    BROKER_THAW = "broker SIGCONT"


class Action(NamedTuple):
    """One thing done, in seconds from the start of its phase; `seat` is a worker's, or BROKER."""

    at_s: float
    verb: Verb
    seat: int = BROKER

    def __str__(self) -> str:
        return f"{self.at_s:6.1f}  {self.verb}" + ("" if self.seat == BROKER else f" worker {self.seat}")


class Phase(NamedTuple):
    """A stretch of the run; `calm`: no worker dies."""

    calm: bool
    seconds: float
    actions: list[Action]

    def __str__(self) -> str:
        return "\n".join([f"{'calm' if self.calm else 'storm'}, {self.seconds:g} s", *map(str, self.actions)])


Strike = Callable[["_Builder", float], Iterator[Action]]


class _Builder:
    """Who is free to be struck at a time."""

    def __init__(self, rng: random.Random, seats: int) -> None:
        self.rng = rng
        self.seats = seats
        self._busy_until = dict.fromkeys(range(BROKER, seats), 0.0)

    def free(self, at_s: float) -> list[int]:
        """Workers that run at that time."""
        return [seat for seat, until in self._busy_until.items() if seat != BROKER and until <= at_s]

    def hold(self, seat: int, until_s: float) -> None:
        """Nothing else may happen to it until then."""
        self._busy_until[seat] = until_s

    def newcomer(self) -> int:
        """The number of a worker more."""
        self.seats += 1
        return self.seats - 1

    def pair(self, at_s: float, seat: int, first: Verb, then: Verb, after_s: float) -> Iterator[Action]:
        """Two actions on one, and a while of peace for it."""
        if self._busy_until[seat] <= at_s:
            self.hold(seat, at_s + after_s + 1)
            yield Action(at_s, first, seat)
            yield Action(at_s + after_s, then, seat)

    def one(self, at_s: float, first: Verb, then: Verb, low_s: float, high_s: float) -> Iterator[Action]:
        """Two actions on a worker of chance."""
        free = self.free(at_s)
        if free:
            yield from self.pair(at_s, self.rng.choice(free), first, then, self.rng.uniform(low_s, high_s))


def _kill(b: _Builder, at_s: float) -> Iterator[Action]:
    return b.one(at_s, Verb.KILL, Verb.START, 0.3, SESSION_S + 2)


def _term(b: _Builder, at_s: float) -> Iterator[Action]:
    return b.one(at_s, Verb.TERM, Verb.START, 0.5, 4)


def _freeze(b: _Builder, at_s: float) -> Iterator[Action]:
    return b.one(at_s, Verb.FREEZE, Verb.THAW, SESSION_S + 2, SESSION_S + 5)


def _nap(b: _Builder, at_s: float) -> Iterator[Action]:
    return b.one(at_s, Verb.FREEZE, Verb.THAW, 0.5, SESSION_S - 2)


def _power_cut(b: _Builder, at_s: float) -> Iterator[Action]:
    back_s = b.rng.uniform(0.3, 2)
    for seat in b.free(at_s):
        yield from b.pair(at_s, seat, Verb.KILL, Verb.START, back_s)


def _fill(b: _Builder, at_s: float) -> Iterator[Action]:
    """The disk of its data folder is full when it starts, too."""
    return b.one(at_s, Verb.FILL, Verb.FREE, 5, SESSION_S + 5)


def _add(b: _Builder, at_s: float) -> Iterator[Action]:
    """One worker more that stays; not another: they share two processors."""
    if b.seats == SEATS:
        seat = b.newcomer()
        b.hold(seat, at_s + 1)
        yield Action(at_s, Verb.START, seat)


def _add_and_remove(b: _Builder, at_s: float) -> Iterator[Action]:
    """A worker more for a while."""
    seat = b.newcomer()
    b.hold(seat, float("inf"))
    yield Action(at_s, Verb.START, seat)
    yield Action(at_s + b.rng.uniform(6, 12), Verb.TERM, seat)


def _broker_stop(b: _Builder, at_s: float) -> Iterator[Action]:
    return b.pair(at_s, BROKER, Verb.BROKER_STOP, Verb.BROKER_START, b.rng.uniform(0.5, 4))


def _broker_kill(b: _Builder, at_s: float) -> Iterator[Action]:
    return b.pair(at_s, BROKER, Verb.BROKER_KILL, Verb.BROKER_START, b.rng.uniform(0.1, 4))


def _broker_freeze(b: _Builder, at_s: float) -> Iterator[Action]:
    return b.pair(at_s, BROKER, Verb.BROKER_FREEZE, Verb.BROKER_THAW, b.rng.uniform(1, SESSION_S + 3))


CALM: tuple[Strike, ...] = (_freeze, _add, _broker_kill, _nap)
STORM: tuple[Strike, ...] = (
    _kill,
    _freeze,
    _broker_kill,
    _term,
    _power_cut,
    _add_and_remove,
    _broker_stop,
    _nap,
    _broker_freeze,
    _fill,
    _kill,
)

_ON_BROKER = (_broker_kill, _broker_stop, _broker_freeze)


def schedule(seed: int, seconds: float, *, broker: bool = True) -> list[Phase]:
    """Two fifths calm, at most two minutes, then a storm; `broker`: whether that is struck as well."""
    calm_kinds, storm_kinds = (
        tuple(kind for kind in kinds if broker or kind not in _ON_BROKER) for kinds in (CALM, STORM)
    )
    rng = random.Random(seed)
    calm_s = min(0.4 * seconds, 120.0)
    builder = _Builder(rng, SEATS)
    calm = _phase(builder, calm_s, calm_kinds, calm=True)
    builder = _Builder(rng, builder.seats)
    return [calm, _phase(builder, seconds - calm_s, storm_kinds, calm=False)]


def _phase(builder: _Builder, seconds: float, kinds: tuple[Strike, ...], *, calm: bool) -> Phase:
    """Strikes until the time is over; all is whole again at the end."""
    rng, actions, bag = builder.rng, list[Action](), list[Strike]()
    gap_s = min(max(seconds / len(kinds), 3.0), _GAP_S)
    at_s = 1.0
    while at_s < seconds - 2:
        if not bag:
            bag = rng.sample(kinds, len(kinds))
        actions += bag.pop()(builder, at_s)
        at_s += rng.uniform(0.1, 1.5) if rng.random() < _AT_ONCE else gap_s * rng.uniform(0.6, 1.3)
    return Phase(calm, seconds, sorted(actions))
