"""All watched series of one partition of the tallies topic: messages and marks in, events out. Pure.

    message ──▶ open panes ──mark──▶ closed pane ──▶ parts ──▶ watcher ──▶ signal ──▶ event
                                                                                       │
    changes(): panes, marks, states AND events, as one unit ──▶ acknowledged ──▶ outgoing() ──▶ sent()

An event is stored together with the evidence that made it, sent once that is durable, and removed from the
state with the next checkpoint. So a restart finds what was decided and perhaps not sent, and sends it again:
the same bytes under the same id. Nothing is decided twice: a message at or below `position` is passed over.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from stream.alerts.attribution import Contribution, contributions
from stream.alerts.bets import DAY_MS
from stream.alerts.closing import Closing, Key
from stream.alerts.event import event, event_key
from stream.alerts.history import DAYS
from stream.alerts.kept import EVENT, Change, Kept, Told
from stream.alerts.parts import splits
from stream.alerts.scale import SCALES
from stream.alerts.watcher import WHOLE, Guard, Pane, State, step
from stream.alerts.watches import EVERY_TENANT, Alerts, Watch
from stream.scoring.families import Tally
from stream.scoring.message import Labels, Mark, Message
from stream.values import View


class Terms(NamedTuple):
    """What is watched, and how. `rung`: which of a message's rows are the detector's panes, `width_ms` wide.

    `sources`: partitions of each source topic. `tenants`: how many there are, 0: as many as the marks say.
    """

    alerts: Alerts
    views: tuple[View, ...]
    rung: int
    width_ms: int
    grace_ms: int
    sources: Mapping[str, int]
    tenants: int = 0
    min_answers: int = 30
    min_privacy: int = 5
    kept: int = 60


class Standing(NamedTuple):
    """What is shown of a watched series; `points`, `since_ms` None and no contributions without an alarm."""

    series: Key
    evidence: float
    active: bool
    points: float | None
    since_ms: int | None
    contributions: list[Contribution]
    late: int


class Lookout:
    """The state of one partition of the tallies topic, as far as alerts go."""

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._views = {view.label: view for view in terms.views}
        self._guards = {watch: _guard(watch, terms.min_answers) for watch in terms.alerts.watches}
        self.kept = Kept(
            {
                topic: Closing(terms.width_ms, terms.grace_ms, n, terms.kept)
                for topic, n in terms.sources.items()
            }
        )
        """What a restart takes back: `load` every record of it, then `begin`."""
        self._shown: dict[Key, Standing] = {}

    def begin(self) -> None:
        """All is loaded. What is not watched any more is let go of."""
        self.kept.begin()
        for key in list(self.kept.states):
            if not self._is_watched(key):
                del self.kept.states[key]
                self._touch(key)

    def _is_watched(self, key: Key) -> bool:
        tenant, family, (level, by, *_) = key
        return any(watch.holds(tenant, family, level, by) for watch in self._guards)

    @property
    def changed(self) -> bool:
        """Whether there is anything to write or send."""
        return self.kept.changed or bool(self.kept.unsent)

    def fold(self, offset: int, told: Message | Mark | None) -> None:
        """Take what stands at an offset; None: not one of ours."""
        if offset <= self.kept.position:
            return
        self.kept.position = offset
        if told is None or (closing := self.kept.closing_of(told.source)) is None:
            return
        source = self.kept.told.setdefault(told.source, Told())
        if told.position < source.position:
            return
        source.position = told.position
        self.kept.touch_source(told.source)
        if isinstance(told, Mark):
            source.tenants, source.at_end = told.tenants, told.at_end
            closing.mark(told.source, told.mark_ms, at_end=told.at_end)
            self._close(told.source.rpartition("-")[0], closing)
        elif self._watches(told.tenant, told.family):
            self._put(closing, told)

    def _put(self, closing: Closing, message: Message) -> None:
        for rung, pane, _, series, counts in message.rows:
            if rung != self._terms.rung:
                continue
            key = message.tenant, message.family, series
            late = closing.put(message.source, pane, key, tuple(counts))
            if late and self._is_watched(key):
                self.kept.states.setdefault(key, State()).late += late
                self._touch(key)
            self.kept.touch_pane(pane, message.source)

    def _close(self, topic: str, closing: Closing) -> None:
        before = closing.closed
        for end_ms, counts in closing.close():
            by_level: dict[tuple[str, str, str], dict[Labels, Tally]] = {}
            for (tenant, family, series), tally in counts.items():
                by_level.setdefault((tenant, family, series[0]), {})[series] = tally
            for (tenant, family, level), panes in sorted(by_level.items()):
                for watch in self._watches(tenant, family):
                    if watch.level == level:
                        self._step(watch, tenant, end_ms, panes)
        for pane, source in closing.forget():
            self.kept.touch_pane(pane, source)
        if closing.closed > before:
            self.kept.touch_topic(topic)

    def _watches(self, tenant: str, family: str) -> list[Watch]:
        tenants = (EVERY_TENANT, tenant)
        return [watch for watch in self._guards if watch.metric == family and watch.tenant in tenants]

    def _step(self, watch: Watch, tenant: str, end_ms: int, panes: Mapping[Labels, Tally]) -> None:
        """A closed pane of every series of a watch and tenant."""
        self._forget(end_ms // DAY_MS)
        states, guard = self.kept.states, self._guards[watch]
        found = splits(panes, self._views[watch.view], self._terms.views)
        if not found:
            return
        for series in sorted(found):
            states.setdefault((tenant, watch.metric, series), State())
        share = self._share(watch, tenant)
        for series in sorted(found):
            key = tenant, watch.metric, series
            signal = step(states[key], guard, Pane(end_ms, *found[series]), share)
            self._touch(key)
            if signal is not None:
                name = EVENT + f"{event_key(key)}|{signal.number}|{signal.raised:d}".encode()
                self.kept.unsent[name] = event(key, guard, signal, self._terms.min_privacy)
                self.kept.touch_event(name)

    def _share(self, watch: Watch, tenant: str) -> float:
        """The part of the budget of one series: an equal one of each watch, tenant and series."""
        keys = self.kept.states.keys()
        series = sum(key[0] == tenant and watch.holds(tenant, key[1], *key[2][:2]) for key in keys)
        tenants = 1
        if watch.tenant == EVERY_TENANT:
            told = (each.tenants for each in self.kept.told.values())
            tenants = self._terms.tenants or max(len({key[0] for key in keys}), *told)
        return self._terms.alerts.false_alarms_per_month / (len(self._guards) * tenants * series)

    def _forget(self, day: int) -> None:
        """Once a day, let go of series without an answer for 28 days: they need no share of the budget."""
        if day <= self.kept.day:
            return
        self.kept.day = day
        for key, state in list(self.kept.states.items()):
            history = state.histories.get(WHOLE)
            is_over = history is None or history.days[-1].number < day - DAYS
            if is_over and not state.active:
                del self.kept.states[key]
                self._touch(key)

    def _touch(self, key: Key) -> None:
        self.kept.touch_state(key)
        self._shown.pop(key, None)

    def standings(self) -> list[Standing]:
        """Every watched series that has had answers in the last 28 days, or whose alarm stands."""
        for key in self.kept.states.keys() - self._shown.keys():
            self._shown[key] = _standing(key, self.kept.states[key], self._terms.min_privacy)
        return list(self._shown.values())

    def changes(self) -> list[Change]:
        """Changelog records of what changed since the last call; the state is at its position."""
        return self.kept.changes()

    def outgoing(self) -> list[tuple[bytes, bytes]]:
        """Events that are not known to have been sent, by name; to be sent only once they are durable."""
        return list(self.kept.unsent.items())

    def sent(self, names: Sequence[bytes]) -> None:
        """The broker has acknowledged these."""
        for name in names:
            del self.kept.unsent[name]
            self.kept.touch_event(name)


def _guard(watch: Watch, min_answers: int) -> Guard:
    return Guard(SCALES[watch.metric], watch.normal, watch.tolerate, watch.answers_per_month, min_answers)


def _standing(key: Key, state: State, min_privacy: int) -> Standing:
    drop, scale = state.drop, SCALES[key[1]]
    if drop is None:
        return Standing(key, state.ratio, False, None, None, [], state.late)  # noqa: FBT003 - by position
    known = WHOLE in drop.before and scale.answers(drop.before[WHOLE]) >= max(1, min_privacy)
    points = scale.mean(drop.after[WHOLE]) - scale.mean(drop.before[WHOLE]) if known else None
    parts = contributions(scale, drop, min_privacy)
    return Standing(key, state.ratio, True, points, drop.since_ms, parts, state.late)  # noqa: FBT003 - the same
