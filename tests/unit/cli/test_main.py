"""The group `cx`: help everywhere, exit statuses, no more imported than is called."""

import subprocess
import sys

import pytest
from click.testing import CliRunner

from stream.cli.main import COMMANDS, main
from tests.support.processes import REPOSITORY, environment


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_has_help(name: str) -> None:
    """`cx NAME --help` ends with 0 and tells what the command is for."""
    result = CliRunner().invoke(main, [name, "--help"])

    assert result.exit_code == 0
    assert f" {name} " in result.output.partition("\n")[0]


def test_the_help_of_the_group_lists_every_command() -> None:
    """With a line of each."""
    output = CliRunner().invoke(main, ["--help"]).output

    assert [] == [name for name, told in COMMANDS.items() if name not in output or told[:20] not in output]


def test_the_help_of_the_group_imports_no_client_library() -> None:
    """`cx --help` answers at once."""
    program = (
        "import sys; from click.testing import CliRunner; from stream.cli.main import main; "
        "CliRunner().invoke(main, ['--help']); "
        "print([name for name in ('faust', 'kafka', 'aiokafka') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        cwd=REPOSITORY,
        env=environment({}),
    )

    assert done.stdout == "[]\n"


@pytest.mark.parametrize(
    ("env", "told"),
    [({"CX_TENANT": "a"}, "CX_TENANT is not a setting"), ({"CX_PARTITIONS": "x"}, "CX_PARTITIONS='x'")],
)
def test_a_bad_setting_is_a_usage_error_in_one_line(env: dict[str, str], told: str) -> None:
    """Status 2, and no traceback."""
    result = CliRunner().invoke(main, ["validate", "-"], env=env, input="")

    assert result.exit_code == 2
    assert result.stderr.startswith(f"cx: {told}")
    assert result.stderr.count("\n") == 1


def test_an_unknown_command_is_a_usage_error() -> None:
    """Status 2."""
    assert CliRunner().invoke(main, ["nonsense"]).exit_code == 2


def test_a_reader_that_goes_away_is_no_error() -> None:
    """`cx simulate | head -1` leaves no traceback."""
    done = subprocess.run(  # noqa: S602  # the pipe is what is tested
        f"{sys.executable} -m stream simulate --count 20000 | head -1",
        shell=True,
        capture_output=True,
        text=True,
        check=True,
        cwd=REPOSITORY,
        env=environment({}),
    )

    assert (1, "") == (done.stdout.count("\n"), done.stderr)
