"""What a partition of the tallies topic keeps for alerts, as records of its changelog.

======  =========================  ==============================================
prefix  then, as JSON or text      value, as MessagePack
======  =========================  ==============================================
``ax``                             offset of the last message that took effect
``am``  source topic               last pane that closed, last day
``am``  source partition           its mark; what else it told
``ap``  pane, source partition     counts by series; of a closed pane, answers
``aw``  tenant, family, series     the state of a watched series
``ae``  name of an event           an event that is not known to have been sent
======  =========================  ==============================================
"""

import zlib
from collections.abc import Mapping
from typing import Final

import msgspec
import orjson

from stream.alerts.closing import Closing, Key
from stream.alerts.watcher import State
from stream.scoring.families import Tally
from stream.scoring.message import SourceName

Change = tuple[bytes, bytes | None]
_PANE, _MARKS, _STATE, EVENT, _POSITION = b"ap", b"am", b"aw", b"ae", b"ax"
OURS: Final = b"a"
"""What every key begins with."""


class Told(msgspec.Struct, array_like=True):
    """What a source has told last, beside its mark: as in `Mark`."""

    position: int = -1
    tenants: int = 0
    at_end: bool = False


class Kept:
    """The state, and which records of it have changed since they were written."""

    def __init__(self, closings: Mapping[str, Closing]) -> None:
        """By source topic, its panes."""
        self.position = -1
        self.day = -1
        self.closings = closings
        self.told: dict[SourceName, Told] = {}
        self.states: dict[Key, State] = {}
        self.unsent: dict[bytes, bytes] = {}
        """Events by their names here, which are changelog keys."""
        self._changed: dict[bytes, None] = {}
        self._marked: dict[bytes, None] = {}

    @property
    def changed(self) -> bool:
        """Whether there is anything that must be written: marks come again, and alone are not worth it."""
        return bool(self._changed)

    @property
    def pending(self) -> int:
        """How many records `changes` would give."""
        return len(self._changed) + len(self._marked)

    def touch_topic(self, topic: str) -> None:
        """The panes of a topic have closed further."""
        self._changed[_MARKS + topic.encode()] = None

    def touch_source(self, source: SourceName) -> None:
        """A source has told something."""
        self._marked[_MARKS + source.encode()] = None

    def touch_pane(self, pane: int, source: SourceName) -> None:
        """What a source counts in a pane has changed, or is forgotten."""
        self._changed[_PANE + orjson.dumps((pane, source))] = None

    def touch_state(self, key: Key) -> None:
        """The state of a watched series has changed, or is forgotten."""
        self._changed[_STATE + orjson.dumps(key)] = None

    def touch_event(self, name: bytes) -> None:
        """An event is new, or sent."""
        self._changed[name] = None

    def closing_of(self, source: SourceName) -> Closing | None:
        """The panes that a source partition counts in."""
        return self.closings.get(source.rpartition("-")[0])

    def changes(self) -> list[Change]:
        """Changelog records of what changed since the last call; the state is at `position`."""
        changed = {**self._marked, **self._changed}
        self._changed, self._marked = {}, {}
        return [*((key, self._value(key)) for key in changed), (_POSITION, _packed(self.position))]

    def _value(self, key: bytes) -> bytes | None:
        """What stands under a key now; None: nothing."""
        kind, name = key[:2], key[2:]
        if kind == EVENT:
            return self.unsent.get(key)
        if kind == _STATE:
            state = self.states.get(_series_of(name))
            # Mostly days without anything in some part: a tenth of it, and all of them must go in one batch.
            return None if state is None else zlib.compress(_packed(state), 1)
        if kind == _PANE:
            return self._pane(*orjson.loads(name))
        source = name.decode()
        if source in self.closings:
            return _packed((self.closings[source].closed, self.day))
        closing = self.closing_of(source)
        assert closing is not None
        return _packed((closing.marks.get(source), self.told[source]))

    def _pane(self, pane: int, source: SourceName) -> bytes | None:
        closing = self.closing_of(source)
        assert closing is not None
        if pane > closing.closed:
            return _packed(list(closing.open[pane][source].items()))
        known = closing.known.get(pane, {}).get(source)
        return None if known is None else _packed([(key, (n,)) for key, n in known.items()])

    def load(self, key: bytes, value: bytes | None) -> None:
        """Take back a changelog record; a later one of its key supersedes it. Others pass by."""
        kind, name = key[:2], key[2:]
        if value is None:
            self._unload(kind, key)
        elif kind == _POSITION:
            self.position = msgspec.msgpack.decode(value, type=int)
        elif kind == EVENT:
            self.unsent[key] = value
        elif kind == _STATE:
            self.states[_series_of(name)] = msgspec.msgpack.decode(zlib.decompress(value), type=State)
        elif kind == _PANE:
            pane, source = orjson.loads(name)
            self._load_pane(pane, source, value)
        elif kind == _MARKS:
            self._load_marks(name.decode(), value)

    def _unload(self, kind: bytes, key: bytes) -> None:
        """What was loaded has gone since."""
        if kind == EVENT:
            self.unsent.pop(key, None)
        elif kind == _STATE:
            self.states.pop(_series_of(key[2:]), None)
        elif kind == _PANE:
            pane, source = orjson.loads(key[2:])
            closing = self.closing_of(source)
            if closing is not None:
                closing.open.get(pane, {}).pop(source, None)

    def _load_pane(self, pane: int, source: SourceName, value: bytes) -> None:
        closing = self.closing_of(source)
        if closing is not None:
            cells = msgspec.msgpack.decode(value, type=list[tuple[Key, Tally]])
            closing.open.setdefault(pane, {})[source] = dict(cells)

    def _load_marks(self, name: str, value: bytes) -> None:
        if name in self.closings:
            self.closings[name].closed, self.day = msgspec.msgpack.decode(value, type=tuple[int, int])
            return
        mark_ms, told = msgspec.msgpack.decode(value, type=tuple[int | None, Told])
        self.told[name], closing = told, self.closing_of(name)
        if closing is not None and mark_ms is not None:
            closing.mark(name, mark_ms, at_end=told.at_end)

    def begin(self) -> None:
        """All is loaded."""
        for closing in self.closings.values():
            closing.reopen()


def _packed(value: object) -> bytes:
    return msgspec.msgpack.encode(value)


def _series_of(name: bytes) -> Key:
    tenant, family, (level, by, channel, touchpoint, segment) = orjson.loads(name)
    return tenant, family, (level, by, channel, touchpoint, segment)
