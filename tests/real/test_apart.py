"""A machine within the machine: what the two lanes of the tests run in."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from appliance.run import run, spawn
from provisioning.lab.apart import apart, room
from provisioning.lab.pace import patient
from tests.real.running_camp import ENVIRONMENT, until

pytestmark = pytest.mark.net
LOOK = "import os, pathlib; print(*sorted(p.name for p in pathlib.Path('/proc').glob('[0-9]*'))); print(*os.listdir('/run'))"


def python(text: str, *arguments: str) -> list[str]:
    return apart([sys.executable, "-c", text, *arguments])


def test_it_sees_no_process_and_nothing_in_run_of_the_machine_around() -> None:
    with room():
        said = run(python(LOOK), env=ENVIRONMENT).stdout.splitlines()
    assert len(said[0].split()) == 2, "its first process and the command"
    assert set(said[1].split()) <= {"lock", "mount", "netns"}


def test_a_namespace_made_there_is_not_seen_here() -> None:
    make = "import os, subprocess; subprocess.run(['ip', 'netns', 'add', 'apart'], check=True); print(os.listdir('/run/netns'))"
    before = set(Path("/run/netns").glob("*"))
    with room():
        assert run(python(make), env=ENVIRONMENT).stdout.strip() == "['apart']"
    assert set(Path("/run/netns").glob("*")) == before


def test_what_is_left_in_shared_memory_there_ends_with_it() -> None:
    """Names are made of process ids, which begin anew in every process table: 17,000 files of killed servers had come together."""
    name = f"campbox-apart-{os.getpid()}"
    make = "import os, sys; open('/dev/shm/' + sys.argv[1], 'x'); print(os.listdir('/dev/shm'))"
    with room():
        assert run(python(make, name), env=ENVIRONMENT).stdout.strip() == f"['{name}']"
    assert not Path("/dev/shm", name).exists()


@pytest.mark.parametrize("status", [0, 1, 5])
def test_the_status_is_the_commands(status: int) -> None:
    with room():
        assert run(python("raise SystemExit(int(__import__('sys').argv[1]))", str(status)), check=False).returncode == status


def test_what_a_command_leaves_running_is_ended_with_it(tmp_path: Path) -> None:
    alive = tmp_path / "alive"
    leave = (
        "import subprocess, sys; subprocess.Popen([sys.executable, '-c', "
        "'import pathlib, sys, time\\nwhile True: pathlib.Path(sys.argv[1]).touch(); time.sleep(0.05)', sys.argv[1]]); "
        "import os, time\nwhile not os.path.exists(sys.argv[1]): time.sleep(0.05)"
    )
    with room():
        assert run(python(leave, str(alive))).returncode == 0
    alive.unlink()
    with pytest.raises(AssertionError):
        until(alive.exists, 0.5, "touched again")


def test_ctrl_c_is_left_to_the_command() -> None:
    wait = "import sys, time\ntry:\n print('up', flush=True); time.sleep(60)\nexcept KeyboardInterrupt:\n sys.exit(7)"
    with room():
        began = spawn(python(wait), stdout=-1, start_new_session=True)
        assert began.stdout is not None and began.stdout.readline() == b"up\n"
        os.killpg(began.pid, signal.SIGINT)
        assert began.wait(patient(60)) == 7
