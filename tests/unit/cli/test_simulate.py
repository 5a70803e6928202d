"""`cx simulate`: NDJSON on stdout, the same for the same options."""

import json

import pytest
from click.testing import CliRunner, Result

from stream.cli.main import main

START = "2026-05-04T10:00:00Z"


def simulate(*options: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(main, ["simulate", *options])


def test_count_gives_so_many_lines_and_the_same_ones_again() -> None:
    """One event a line."""
    first = simulate("--count", "50", "--start", START, "--seed", "3")
    assert (0, 50) == (first.exit_code, len(first.output.splitlines()))
    assert all(json.loads(line)["specversion"] == "1.0" for line in first.output.splitlines())
    assert first.output == simulate("--count", "50", "--start", START, "--seed", "3").output
    assert first.output != simulate("--count", "50", "--start", START, "--seed", "4").output


def test_duration_ends_before_its_end() -> None:
    """Half-open, in event time."""
    times = [
        json.loads(line)["time"]
        for line in simulate("--duration", "1m", "--start", START).output.splitlines()
    ]
    assert "2026-05-04T10:00:59" > times[0] >= "2026-05-04T10:00:00"
    assert "2026-05-04T10:01:00" > times[-1] > "2026-05-04T10:00:50"


def test_the_scenario_sets_in_after_a_third_of_the_duration() -> None:
    """Silence in the second third, unless said otherwise."""

    def seconds(*options: str) -> set[int]:
        lines = simulate(
            "--start", START, "--duration", "30s", "--scenario", "silence", *options
        ).output.splitlines()
        return {int(json.loads(line)["time"][17:19]) for line in lines}

    assert not seconds() & set(range(10, 20))
    assert seconds() & set(range(20, 30))
    assert set(range(5, 30)) & seconds("--change-after", "2s", "--change-for", "3s")
    assert not seconds("--change-after", "2s", "--change-for", "3s") & {2, 3, 4}


def test_real_time_writes_the_past_at_once() -> None:
    """An hour ago is not waited for."""
    assert 20 == len(simulate("--start", "-1h", "--count", "20", "--realtime").output.splitlines())


@pytest.mark.parametrize(
    "options",
    [
        ["--start", "yesterday"],
        ["--duration", "long"],
        ["--scenario", "panic"],
        ["--rate", "0"],
        ["--count", "-1"],
    ],
    ids=" ".join,
)
def test_a_wrong_option_is_a_usage_error_that_names_it(options: list[str]) -> None:
    """Exit status 2."""
    result = simulate(*options)
    assert (2, True) == (result.exit_code, options[0] in result.output)
