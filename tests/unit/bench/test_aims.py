"""Whether figures reach what was asked of them."""

import pytest

from bench.__main__ import NAMES
from bench.aims import AIMS, RATIO_AIMS, judged
from bench.results import RATIOS, Figures, Run


@pytest.mark.parametrize(("p50_ms", "said"), [(149.0, "met"), (150.0, "met"), (151.0, "NOT MET")])
def test_a_median_is_held_against_its_aim(p50_ms: float, said: str) -> None:
    """To the digit; what was not measured is not judged."""
    runs = [Run(1, 1.0, 1.0, {"p50_ms": value, "p99_ms": 1.0}) for value in (1.0, p50_ms, 900.0)]
    first, second = judged({"latency": Figures("latency", "latency", runs)}, {})
    assert first.split("  ")[0].strip() == said
    assert second.startswith("met")


def test_ratios_are_held_against_theirs() -> None:
    """Each of them has one."""
    assert {name for name, *_ in RATIOS} == set(RATIO_AIMS)
    (line,) = judged({}, {"answers_to_faust": 9.99})
    assert line == "NOT MET  answers to faust 9.99, at least 10"


def test_aims_are_of_measurements_that_there_are() -> None:
    """A name that changed would never be judged."""
    assert {aim.measurement for aim in AIMS} <= set(NAMES)
