"""`cx validate` and how NDJSON is read."""

import io
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from stream.cli.main import main
from stream.cli.ndjson import Line, lines
from tests.support.events import event, written

_GOOD = written(event("cx.interaction.v1"))
_BAD = written(event("cx.interaction.v1", {"channel": "a b"}))


def _validate(text: bytes) -> Result:
    return CliRunner().invoke(main, ["validate", "-"], input=text)


def test_valid_events_are_counted_and_the_status_is_0() -> None:
    """Empty lines are none."""
    result = _validate(_GOOD + b"\n\n  \n" + _GOOD)

    assert (0, "2 valid, 0 wrong\n") == (result.exit_code, result.stderr)


def test_a_wrong_line_is_named_with_its_reason_and_the_status_is_1() -> None:
    """The number counts empty lines too, as editors do."""
    result = _validate(_GOOD + b"\n\n" + _BAD + b"\nnonsense\n")

    assert result.exit_code == 1
    assert "stdin:3: bad_label: " in result.stderr
    assert "stdin:4: malformed: " in result.stderr
    assert result.stderr.endswith("1 valid, 2 wrong (1 bad_label, 1 malformed)\n")


def test_many_wrong_lines_are_only_counted() -> None:
    """A broken export does not fill the screen."""
    result = _validate((_BAD + b"\n") * 500)

    assert result.stderr.count("\n") == 22
    assert "500 bad_label" in result.stderr


def test_a_file_is_named_as_it_was_given(tmp_path: Path) -> None:
    """So that editors can jump there."""
    path = tmp_path / "events.ndjson"
    path.write_bytes(_BAD)

    assert f"{path}:1: bad_label" in CliRunner().invoke(main, ["validate", str(path)]).stderr


def test_a_missing_file_is_a_usage_error() -> None:
    """Status 2."""
    assert CliRunner().invoke(main, ["validate", "/nowhere"]).exit_code == 2


def test_tenants_that_are_not_known_are_wrong() -> None:
    """As CX_TENANTS says."""
    result = CliRunner().invoke(main, ["validate", "-"], input=_GOOD, env={"CX_TENANTS": "other"})

    assert (1, True) == (result.exit_code, "unknown_tenant" in result.stderr)


@pytest.mark.parametrize("ending", [b"\n", b""])
def test_of_a_line_without_end_only_the_beginning_is_kept(ending: bytes) -> None:
    """A gigabyte without a line break takes no gigabyte."""
    found = list(lines(io.BytesIO(b"x" * 1_000_000 + b"\n" + _GOOD + ending)))

    assert [(1, 131_072), (2, len(_GOOD))] == [(line.number, len(line.value)) for line in found]


def test_lines_end_with_either_line_break() -> None:
    """Also those of Windows."""
    assert [Line(1, b"a"), Line(2, b"b")] == list(lines(io.BytesIO(b"a\r\nb\n")))
