"""What a tenant costs, and for how long."""

import pytest

from stream.intake import homes as homes_
from stream.intake import tally
from stream.intake.homes import Homes
from stream.intake.murmur import partition_of
from stream.intake.partition import Intake
from stream.intake.record import Source
from tests.support.events import event, written
from tests.support.folding import MINUTE_MS, NOW_MS, SURVEYS, Stored, compacted, folded, rules, totals
from tests.support.spoiled import rfc3339

HOUR_MS = 60 * MINUTE_MS


def of_tenant(offset: int, tenant: str, at_ms: int = NOW_MS, topic: str = "surveys") -> Stored:
    """An answer, or an interaction, of a tenant."""
    data: dict[str, object] = {"interaction_id": "x", "channel": "web", "valence": "positive"}
    kind = "cx.interaction.v1"
    if topic == "surveys":
        data = {"response_id": "r", "answers": [{"metric": "nps", "value": 9}], "channel": "web"}
        kind = "cx.survey.answered.v1"
    content = event(kind, data, id=f"e-{offset}", time=rfc3339(at_ms), tenantid=tenant)
    return Stored(offset, written(content), at_ms)


@pytest.mark.parametrize("topic", ["surveys", "interactions"])
def test_of_tenants_that_have_gone_nothing_is_kept(topic: str) -> None:
    """Neither here nor in the changelog: by the wall clock, once every window has passed them."""
    intake, log = Intake(Source(topic, 0), rules()), dict[bytes, bytes]()
    compacted(log, folded([of_tenant(i, f"t{i}", topic=topic) for i in range(50)], intake))
    assert 50 == len(intake.tallies.groups)
    for offset in range(50, 53):
        compacted(log, folded([of_tenant(offset, "acme", NOW_MS + 3 * HOUR_MS, topic)], intake))
    assert {"acme"} == {tenant for tenant, _ in intake.tallies.groups}
    assert {"acme"} == set(intake._names._tenants)
    assert {"acme"} >= set(intake._surveys.memory.responses.tenants())
    assert [] == [key for key in log if b"t1" in key]


def test_a_tenant_that_comes_again_counts_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its deletes, still to be written, must not take away what is new."""
    monkeypatch.setattr(tally, "_DELETES", 1)
    intake, log = Intake(SURVEYS, rules()), dict[bytes, bytes]()
    for offset, hours in enumerate((0, 3, 3, *[4] * 20)):
        tenant = "acme" if hours in (0, 4) else "globex"
        compacted(log, folded([of_tenant(offset, tenant, NOW_MS + hours * HOUR_MS)], intake))
    assert [] == intake.tallies._gone
    assert b'g["acme","nps"]' in log
    assert 1 == totals(intake)["interaction", "channel", "web", "", ""][0]


def test_by_the_event_clock_a_tenants_time_is_kept() -> None:
    """Its windows end at the highest time ever counted."""
    intake, log = Intake(SURVEYS, rules(CX_CLOCK="event")), dict[bytes, bytes]()
    compacted(log, folded([of_tenant(0, "globex")], intake))
    compacted(log, folded([of_tenant(1, "acme", NOW_MS + 3 * HOUR_MS)], intake))
    assert {b"tacme", b"tglobex", b'g["globex","nps"]'} <= log.keys()


def test_by_the_wall_clock_no_tenants_time_is_kept() -> None:
    """It would decide nothing."""
    intake = Intake(SURVEYS, rules())
    step = folded([of_tenant(i, f"t{i}") for i in range(23)], intake)
    assert {} == intake.clocks._highest_ms
    assert [] == [key for key, _ in step.changes if key.startswith(b"t")]


@pytest.mark.parametrize("subject", ["c-1", "c-2", "c-3", "c-4", "\ud800"])
def test_a_customers_partition_is_that_of_tenant_and_subject(subject: str) -> None:
    """The same when asked again."""
    homes = Homes(1, 3)
    home = partition_of(f"acme:{subject}".encode("utf-8", "surrogatepass"), 3)
    assert [home != 1] * 2 == [homes.misplaced(["acme"], [subject]) for _ in range(2)]


def test_misplaced_records_are_counted_one_by_one() -> None:
    """Of customers known and unknown, and of one customer several times."""
    homes = Homes(0, 2)
    subjects = [f"c-{number % 7}" for number in range(20)]
    expected = sum(partition_of(f"acme:{each}".encode(), 2) != 0 for each in subjects)
    assert 0 < expected < 20
    assert [expected] * 2 == [homes.misplaced(["acme"] * 20, subjects) for _ in range(2)]


@pytest.mark.parametrize("partition", [0, 1])
def test_of_one_partition_no_customer_is_remembered(partition: int) -> None:
    """All belong to it, and to no other."""
    homes, subjects = Homes(partition, 1), [f"c-{number}" for number in range(20)]
    expected = sum(partition_of(f"acme:{each}".encode(), 1) != partition for each in subjects)
    assert expected == homes.misplaced(["acme"] * 20, subjects)
    assert {} == homes._known


def test_what_is_remembered_of_customers_is_bounded_over_all_tenants(monkeypatch: pytest.MonkeyPatch) -> None:
    """And says no names."""
    monkeypatch.setattr(homes_, "_REMEMBERED", 10)
    homes = Homes(0, 4)
    for number in range(30):
        homes.misplaced([f"t{number % 3}"], [f"c-{number}"])
        assert len(homes._known) <= 10
    assert {int} == {type(each) for each in homes._known}
