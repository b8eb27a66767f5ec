"""A run "as new" leaves nothing behind, however it ends: entering and leaving are looked at, on a machine made in no time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from appliance.errors import CampboxError, NotSo, Refused
from appliance.run import run, spawn
from provisioning.lab import fresh, machine
from provisioning.lab.machine import Machine
from provisioning.lab.pace import patient
from tests.real.running_camp import ENVIRONMENT, until
from tests.real.small_machine import SmallMachine

pytestmark = [pytest.mark.net, pytest.mark.skipif(os.geteuid() != 0, reason="needs root: it makes namespaces")]
STAYS = "sleep 98765"
"""A command that is found again among all processes."""
RUN = """
import sys
from contextlib import suppress
from pathlib import Path
from provisioning.lab import fresh, machine
from provisioning.lab.machine import Machine
from tests.real.small_machine import SmallMachine
fresh.try_all(sys.argv[2:], Path(sys.argv[1]), SmallMachine, room=0)
"""


@pytest.fixture
def small(tmp_path: Path) -> SmallMachine:
    made = SmallMachine(tmp_path / "root")
    made.install()
    return made


def staying() -> list[str]:
    """Processes that a machine left running, wherever they are."""
    commands = list[str]()
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it has ended since it was listed
            commands.append(path.read_bytes().replace(b"\0", b" ").decode().strip())
    return [command for command in commands if command == STAYS]


def mounted(below: Path) -> list[str]:
    return [line for line in Path("/proc/self/mounts").read_text().splitlines() if str(below) in line]


def begin(folder: Path, *lines: str) -> subprocess.Popen[Any]:
    process: subprocess.Popen[Any] = spawn(
        [sys.executable, "-c", RUN, str(folder), *lines],
        env=ENVIRONMENT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    return process


def test_inside_there_is_nothing_of_this_machine(small: SmallMachine) -> None:
    done = small.run("root", "ls -d /proc/[0-9]*; ls /run; cat /proc/mounts; ls /mnt; touch /here")
    assert done.returncode == 0, done.stderr
    assert len([line for line in done.stdout.splitlines() if line.startswith("/proc/")]) <= 4
    assert str(small.root) not in done.stdout, "its root is a root, not a folder"
    assert (small.root / "here").exists()


def test_root_takes_a_clone_of_a_users_clone(small: SmallMachine, tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    for words in (["init", "-q", str(theirs)], ["-C", str(theirs), "-c", "user.name=a", "-c", "user.email=a@b",
                                               "commit", "-q", "--allow-empty", "-m", "first"]):  # fmt: skip
        run(["git", *words])
    run(["chown", "-R", "70101:70101", str(theirs)])
    with pytest.raises(CampboxError, match="dubious ownership|safe.directory"):
        run(["git", "-C", str(theirs), "log"])
    clone = Machine.clone(small, theirs, "root")
    assert machine.git("-C", f"{small.root}{clone}", "log", "--format=%s") == "first\n"
    assert machine.git("-C", str(theirs), "log", "--format=%s") == "first\n"


def test_nothing_is_mounted_here_and_what_was_left_running_has_ended(small: SmallMachine) -> None:
    assert small.run("root", f"{STAYS} & ls /proc/self/ns >/dev/null").returncode == 0
    assert mounted(small.root) == []
    until(lambda: not staying(), patient(30), "it has ended with the machine")


def test_a_folder_with_something_mounted_below_is_not_deleted(small: SmallMachine) -> None:
    run(["mount", "-t", "tmpfs", "tmpfs", str(small.root / "tmp")])
    try:
        (small.root / "tmp/precious").write_text("kept")
        with pytest.raises(Refused, match="something is mounted"):
            small.remove()
        assert (small.root / "tmp/precious").read_text() == "kept"
    finally:
        run(["umount", str(small.root / "tmp")])
    small.remove()
    assert not small.root.exists()


def test_both_commands_are_tried_their_words_kept_and_the_machine_taken_away(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    fresh.try_all(["echo one", "echo two"], tmp_path / "fresh", SmallMachine, room=0)
    said = capfd.readouterr().out
    log = tmp_path / "fresh/log"
    assert log.read_text() == "\n$ echo one\none\n\n$ echo two\ntwo\n"
    assert str(log) in said
    assert said.splitlines()[-2:-1] == ["    two"]
    assert said.splitlines()[-1].startswith("campbox test fresh: passed on a fresh machine: echo one: passed after ")
    assert [path.name for path in (tmp_path / "fresh").iterdir()] == ["log"]


@pytest.mark.parametrize(
    "line, fault",
    [("false", "false: ended with 1"), ("kill -9 $$", "ended with 137"), ("echo x:x:1:1:::>>/etc/passwd", "accounts")],
)
def test_one_that_fails_fails_the_whole_and_the_other_is_tried_all_the_same(line: str, fault: str, tmp_path: Path) -> None:
    with pytest.raises(NotSo, match="not so on a fresh machine") as refused:
        fresh.try_all([line, "echo two"], tmp_path / "fresh", SmallMachine, room=0)
    assert fault in str(refused.value)
    assert "two" in (tmp_path / "fresh/log").read_text()
    assert [path.name for path in (tmp_path / "fresh").iterdir()] == ["log"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_one_that_is_ended_leaves_nothing_but_its_log(number: signal.Signals, tmp_path: Path) -> None:
    process = begin(tmp_path / "fresh", f"echo begun; {STAYS} & {STAYS}")
    until(staying, patient(60), "it runs")
    process.send_signal(number)
    assert process.wait(patient(60)) != 0
    until(lambda: not staying(), patient(30), "it has ended with the machine")
    assert [path.name for path in (tmp_path / "fresh").iterdir()] == ["log"]
    assert mounted(tmp_path) == []


def test_one_that_is_killed_leaves_a_folder_which_the_next_clears_away(tmp_path: Path) -> None:
    process = begin(tmp_path / "fresh", f"{STAYS} & {STAYS}")
    until(staying, patient(60), "it runs")
    process.kill()
    process.wait()
    until(lambda: not staying(), patient(30), "the kernel has ended what it had started")
    assert mounted(tmp_path) == []
    assert (tmp_path / "fresh/root").exists()
    following = begin(tmp_path / "fresh", "echo after")
    said, _ = following.communicate(timeout=patient(60))
    assert following.returncode == 0
    assert "cleared away what an earlier run left" in said
    assert [path.name for path in (tmp_path / "fresh").iterdir()] == ["log"]


def test_two_at_once_are_one_too_many(tmp_path: Path) -> None:
    process = begin(tmp_path / "fresh", STAYS)
    until(staying, patient(60), "it runs")
    try:
        with pytest.raises(Refused, match="a fresh machine is already running"):
            fresh.try_all(["true"], tmp_path / "fresh", SmallMachine, room=0)
    finally:
        process.terminate()
        process.wait(patient(60))


def test_where_there_is_no_room_nothing_is_begun(tmp_path: Path) -> None:
    with pytest.raises(NotSo, match="GB free"):
        fresh.try_all(["true"], tmp_path / "fresh", SmallMachine, room=10**18)
    assert list((tmp_path / "fresh").iterdir()) == []
