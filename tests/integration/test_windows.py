"""Windows by the event clock: right to the pane, moved by events alone, also after a worker is gone."""

import signal
from collections.abc import Iterator
from itertools import count

import pytest

from tests.support.oracle import Rules
from tests.support.replayed import Replayed, StartWorker
from tests.support.spoiled import Event, encode, rfc3339
from tests.support.stories import DAY, HOUR, MINUTE, Message
from tests.support.trouble import KNOWN_TENANTS, Trouble
from tests.support.truth import scores_of

START_MS = 1_767_225_753_250  # 2026-01-01T00:02:33.250Z: in the middle of a pane of every window
SETTINGS = {"CX_WINDOWS": "5m,1h,30d", "CX_CLOCK": "event", "CX_MIN_PRIVACY": "1"}
EDGE = pytest.mark.timeout(300)
_numbers = count()


def answer(subject: str, time_ms: int, response: str = "", kind: str = "answered", **data: object) -> Message:
    """A promoter's answer, or another survey event about a response."""
    number = next(_numbers)
    fields: Event = {"response_id": response or f"r{number}", **data}
    if kind == "answered":
        fields["answers"] = [{"metric": "nps", "value": 9}]
    event = {
        "specversion": "1.0",
        "id": f"e{number}",
        "source": "/windows",
        "type": f"cx.survey.{kind}.v1",
        "time": rfc3339(time_ms),
        "subject": subject,
        "data": fields,
    }
    return Message("surveys", f"default:{subject}".encode(), encode(event))


class Service(Replayed):
    """Workers of which we ask for promoters."""

    def promoters(self) -> dict[str, float]:
        """Promoters of all channels by window."""
        return {
            dict(labels)["window"]: value
            for (name, labels), value in scores_of(self.workers).items()
            if name == "cx_survey_responses"
            and ("category", "promoter") in labels
            and ("by", "total") in labels
        }


@EDGE
def test_edges_are_right_to_the_pane(cx_env: dict[str, str], start_worker: StartWorker) -> None:
    """The first millisecond of the first pane is in, the one before it is out; also when the end moves.

    ├──┼──┼── … ──┼──┤       size / w panes; the last holds the end
    out └ in          └ end
    """
    env = cx_env | SETTINGS
    service = Service(env, start_worker, 1)
    rules = Rules.from_env(env)
    edges = [_first_ms(rules, window, START_MS) for window, _ in rules.windows]
    subjects = (f"c-{i}" for i in count())
    service.send([answer(next(subjects), START_MS)])
    service.send([answer(next(subjects), edge + late) for edge in edges for late in (-1, 0)])
    assert {"5m": 2.0, "1h": 4.0, "30d": 6.0} == _settled(service)

    # To the last millisecond of the end's pane of 5 s nothing leaves; one more, and the oldest pane does.
    last_ms = START_MS // 5_000 * 5_000 + 4_999
    service.send([answer(next(subjects), last_ms)])
    assert {"5m": 3.0, "1h": 5.0, "30d": 7.0} == _settled(service)
    service.send([answer(next(subjects), last_ms + 1)])
    assert {"5m": 3.0, "1h": 6.0, "30d": 8.0} == _settled(service)


@EDGE
def test_the_end_moves_with_what_was_counted_and_retracted_at_once_and_never_back(
    cx_env: dict[str, str], start_worker: StartWorker
) -> None:
    """The highest time ever counted, over all partitions; rejected and test answers never were."""
    service = Service(cx_env | SETTINGS, start_worker, 1)
    service.send([answer(f"c-{i}", START_MS) for i in range(8)])
    assert {"5m": 8.0, "1h": 8.0, "30d": 8.0} == _settled(service)
    ahead_ms = START_MS + 10 * MINUTE
    service.send(
        [answer("c-9", START_MS + HOUR, test=True), answer("c-9", START_MS + HOUR, channel="no label")]
    )
    service.send(
        [answer("c-9", ahead_ms, "gone"), answer("c-9", START_MS, "gone", "retracted", reason="error")]
    )
    assert {"5m": 0.0, "1h": 8.0, "30d": 8.0} == _settled(service)
    service.send([answer("c-10", START_MS, "moved"), answer("c-10", START_MS + DAY, "moved", revision=2)])
    service.send([answer("c-10", START_MS, "moved", revision=3)])
    assert {"5m": 0.0, "1h": 0.0, "30d": 9.0} == _settled(service)


@EDGE
@pytest.mark.slow
def test_every_cell_of_every_window_is_exact_while_time_moves_on_and_workers_go(
    cx_env: dict[str, str], start_worker: StartWorker
) -> None:
    """Trouble in four stretches, minutes to a month apart; one worker is stopped, one killed between them."""
    settings = {
        "CX_TENANTS": KNOWN_TENANTS,
        "CX_DEDUP_RECORDS": "300",
        "CX_MIN_PRIVACY": "3",
        "CX_VIEWS": "total,channel,plan",
    }
    service = Service(cx_env | SETTINGS | settings, start_worker, 2)
    stretches = _stretches()
    service.send(next(stretches))
    assert len(service.assert_exact()) > 1000
    service.send(next(stretches))
    service.assert_exact()

    service.workers.append(service.start())
    assert service.workers.pop(0).stop() == 0
    service.send(next(stretches))
    service.assert_exact()

    service.workers.append(service.start())
    service.workers[-1].wait_until_ready()
    service.workers.pop(0).signal(signal.SIGKILL)
    service.send(next(stretches))
    service.assert_exact()


def _stretches() -> Iterator[list[Message]]:
    for number, later_ms in enumerate((0, 7 * MINUTE, 55 * MINUTE, 31 * DAY)):
        yield Trouble(number, START_MS + later_ms, customers=60).messages(1500)


def _first_ms(rules: Rules, window: str, end_ms: int) -> int:
    """Where the first pane of a window begins."""
    width_ms = rules.pane_ms(window)
    return (end_ms // width_ms + 1) * width_ms - dict(rules.windows)[window]


def _settled(service: Service) -> dict[str, float]:
    """The promoters by window once the worker agrees with the oracle."""
    service.assert_exact()
    return service.promoters()
