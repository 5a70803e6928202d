"""What answers and invitations are split by, packed."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.intake import splits as module
from stream.intake.names import Names
from stream.intake.payloads import SurveyAnsweredData
from stream.intake.placement import Placer
from stream.intake.splits import Splits
from stream.scoring.panes import Ladder
from stream.values import View

KEYS = ("plan", "region")
ASKED = {
    "level": "journey",
    "channel": "email",
    "touchpoint": "checkout",
    "segments": {"plan": "pro", "region": "eu"},
}
HOUR = Ladder("1h", 60_000, 60)


def made(most: int = 10) -> Splits:
    """By channel."""
    names = Names(most, HOUR, lambda _: 0)
    return Splits(Placer([View("total", ()), View("channel", ("channel",))], KEYS, names), KEYS)


def data(**said: Any) -> SurveyAnsweredData:
    """What a response says of itself."""
    return SurveyAnsweredData(response_id="r", answers=[], **said)


def test_an_answer_inherits_what_it_does_not_say() -> None:
    """And keeps what it says, whether the invitation was there before it or comes later."""
    splits = made()
    asked = splits.said("acme", data(**ASKED)).packed
    said = data(channel="web", segments={"plan": "free"})
    early = splits.said("acme", said)
    expected = ("acme", "journey", "web", "checkout", ("free", "eu"))
    assert expected == splits.said("acme", said, asked).dims
    assert expected == splits.within(early, asked).dims
    assert splits.said("acme", said, asked) is splits.within(early, asked)


def test_an_answer_inherits_anew_from_another_invitation() -> None:
    """It is still known what it did not say."""
    splits = made()
    first, second = splits.said("acme", data(**ASKED)), splits.said("acme", data(level="relationship"))
    moved = splits.within(splits.said("acme", data(touchpoint="shop"), first.packed), second.packed)
    assert ("acme", "relationship", None, "shop", (None, None)) == moved.dims


def test_without_an_invitation_only_the_level_has_a_default() -> None:
    """The rest stays open."""
    split = made().said("acme", data(segments={"region": "eu", "of_no_view": "x"}))
    assert ("acme", "interaction", None, None, (None, "eu")) == split.dims


@pytest.mark.parametrize("said", [{}, ASKED, {"channel": "web"}, {"level": "interaction"}])
def test_what_is_packed_comes_back_in_another_process(said: dict[str, Any]) -> None:
    """A level that was not said is told from the same level said."""
    split = made().said("acme", data(**said))
    again = made().unpacked("acme", split.packed)
    assert (split.dims, split.missing, split.packed) == (again.dims, again.missing, again.packed)
    assert ("level" not in said) == bool(again.missing & 1)


LABELS = st.none() | st.from_regex(r"[A-Za-z0-9_.:-]{1,64}", fullmatch=True)


@given(st.none() | st.sampled_from(module._LEVELS), LABELS, LABELS, LABELS, LABELS)
def test_whatever_a_label_holds_no_two_splits_are_packed_alike(
    level: str | None, channel: str | None, touchpoint: str | None, plan: str | None, region: str | None
) -> None:
    """Of any characters that one may have; a short text, as many of it are held."""
    given = {key: value for key, value in zip(KEYS, (plan, region), strict=True) if value is not None}
    said = made().said("acme", data(level=level, channel=channel, touchpoint=touchpoint, segments=given))
    again = made().unpacked("acme", said.packed)
    values = channel, touchpoint, plan, region
    assert ("acme", level or "interaction", *values[:2], values[2:]) == again.dims
    assert [value is None for value in (level, *values)] == [bool(again.missing >> i & 1) for i in range(5)]
    assert len(said.packed) == 6 + sum(len(value or "") for value in values) - (again.missing < 16)


def test_levels_are_packed_as_ever() -> None:
    """State is read by later versions."""
    packed = [made().said("acme", data(level=each)).packed for each in module._LEVELS]
    assert ["1ei,,,", "1ej,,,", "1er,,,"] == packed


def test_no_more_are_remembered_than_so_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """A flood of labels takes no more memory."""
    monkeypatch.setattr(module, "_REMEMBERED", 3)
    splits = made()
    for number in range(10):
        splits.said("acme", data(channel=f"c-{number}"))
    assert max(len(splits._said), len(splits._known)) <= 3


def test_one_placement_is_asked_for_by_all_that_share_a_split() -> None:
    """Until the placer says that it may be another."""
    splits = made(most=1)
    web, app = splits.said("acme", data(channel="web")), splits.said("acme", data(channel="app"))
    first = splits.place(web, 0)
    assert first is splits.place(web, 59_999)
    assert ("interaction", "channel", "web", "", "") == first.series[1]
    assert (0b10, ("channel",)) == ((other := splits.place(app, 0)).overflow, other.overflowed)
