"""Child processes live and die together."""

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

from stream.cli.children import Children
from stream.clock import SystemClock
from tests.support.processes import Process, environment
from tests.support.wait import eventually

_ENV = dict(os.environ)


def _is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_all_children_are_in_one_group_of_their_own(tmp_path: Path) -> None:
    """Ctrl-C of the terminal reaches their parent alone."""
    children = Children(tmp_path, SystemClock())
    first, second = (children.start(name, ["sleep", "60"], _ENV) for name in ("first", "second"))

    assert os.getpgid(first.pid) == os.getpgid(second.pid) == first.pid != os.getpgid(0)
    children.end(5)
    assert [-signal.SIGTERM, -signal.SIGTERM] == [first.returncode, second.returncode]


def test_the_last_started_is_the_first_to_end(tmp_path: Path) -> None:
    """A worker hands over while its broker still answers."""
    children = Children(tmp_path, SystemClock())
    say = "trap 'echo {0} >> {1}; exit 0' TERM; echo up; while :; do sleep 0.05; done"
    for name in ("broker", "worker"):
        children.start(name, ["bash", "-c", say.format(name, tmp_path / "order")], _ENV)
        eventually(lambda name=name: children.log(name).read_text(), 5, "it runs")  # type: ignore[misc]  # bound above
    children.end(5)

    assert (tmp_path / "order").read_text(encoding="utf-8").split() == ["worker", "broker"]


def test_one_that_does_not_listen_is_killed_with_its_own_children(tmp_path: Path) -> None:
    """Nothing of the group is left after the deadline."""
    children = Children(tmp_path, SystemClock())
    stubborn = children.start(
        "stubborn", ["bash", "-c", "trap '' TERM; sleep 60 & echo $!; wait; wait"], _ENV
    )
    grandchild = int(eventually(lambda: children.log("stubborn").read_text(), 5, "it runs"))
    children.end(0.3)

    assert stubborn.returncode == -signal.SIGKILL
    eventually(lambda: not _is_alive(grandchild), 5, "the grandchild is gone")


def test_one_that_ended_by_itself_is_told_with_the_end_of_its_log(tmp_path: Path) -> None:
    """Who reads it knows why."""
    children = Children(tmp_path, SystemClock())
    children.start("worker", ["bash", "-c", "echo no broker; exit 3"], _ENV).wait()

    assert children.ended() == "worker ended with 3:\nno broker\n"


def test_children_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    """Whatever way it went."""
    program = f"""
        import os, pathlib, threading
        from stream.cli.children import Children
        from stream.clock import SystemClock
        children = Children(pathlib.Path({str(tmp_path)!r}), SystemClock())
        child = children.start("child", ["sleep", "60"], os.environ)
        print(child.pid, flush=True)
        threading.Event().wait()
    """
    with Process([sys.executable, "-c", textwrap.dedent(program)], tmp_path / "parent.log") as parent:
        child = int(parent.wait_for_log(r"^\d+$", 20)[0])
        os.kill(parent.pid, signal.SIGKILL)

        eventually(lambda: not _is_alive(child), 5, "the child is gone")


def test_output_can_be_piped_into_the_next(tmp_path: Path) -> None:
    """As `cx simulate | cx publish -`."""
    children = Children(tmp_path, SystemClock())
    first = children.start("first", ["echo", "event"], environment({}), stdout=subprocess.PIPE)
    children.start("second", ["cat"], environment({}), stdin=first.stdout).wait()

    assert children.log("second").read_text(encoding="utf-8") == "event\n"
