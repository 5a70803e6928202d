"""What answers are kept as."""

from stream.intake.checks import SCALES
from stream.scoring.answers import code, unpacked

_ALL = [(metric, value) for metric, scale in SCALES.items() for value in scale]


def test_every_answer_has_a_byte_of_its_own_and_comes_back_from_it() -> None:
    """None is 0: that is for what does not count."""
    codes = [code(*answer) for answer in _ALL]
    assert len(_ALL) == len(set(codes) - {0})
    assert _ALL == unpacked(bytes(codes))


def test_codes_are_what_they_ever_were() -> None:
    """State is read by later versions."""
    first = {metric: code(metric, scale[0]) for metric, scale in SCALES.items()}
    assert first == {
        "nps": 1,
        "csat": 13,
        "ces": 24,
        "needs": 35,
        "ease": 46,
        "enjoyment": 57,
        "satisfaction": 68,
        "expectations": 79,
        "ideal": 90,
    }
