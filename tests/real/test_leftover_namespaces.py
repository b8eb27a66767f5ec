"""What a killed demo, bench or test leaves is cleared away by the next of any of them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from appliance.errors import CommandFailed
from appliance.run import spawn
from provisioning.lab import netns, places
from provisioning.lab.netns import Namespace, existing
from provisioning.lab.pace import patient
from tests.real.running_camp import ENVIRONMENT, RunningCamp, until

pytestmark = pytest.mark.net
NAME = f"campbox-left-{os.getpid()}"
MAKER = f"""
import os, sys, time
from provisioning.lab.netns import Namespace
place = Namespace.create({NAME!r})
inside = place.spawn(["sleep", "600"])
while os.readlink(f"/proc/{{inside.pid}}/ns/net") == os.readlink("/proc/self/ns/net"):  # it may yet enter the one that comes next
    time.sleep(0.01)
print(inside.pid, flush=True)
time.sleep(600)
"""


@pytest.fixture(autouse=True)
def nothing_stays() -> Iterator[None]:
    yield
    Namespace(NAME).destroy()


def make() -> tuple[subprocess.Popen[Any], int]:
    """A process that has made the namespace and runs something in it; that one's number."""
    maker = spawn([sys.executable, "-c", MAKER], stdout=subprocess.PIPE, env=ENVIRONMENT)
    assert maker.stdout is not None
    return maker, int(maker.stdout.readline())


def kill(maker: subprocess.Popen[Any]) -> None:
    maker.send_signal(signal.SIGKILL)
    maker.wait()


def ended(pid: int) -> bool:
    """Gone, or dead and not yet buried."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def test_a_namespace_whose_maker_was_killed_is_made_anew() -> None:
    maker, inside = make()
    kill(maker)
    assert NAME in existing()
    made = Namespace.create(NAME)
    until(lambda: ended(inside), patient(20), "what ran in the old one has ended")
    assert made.pids() == []


def test_one_whose_maker_lives_is_refused_and_stays() -> None:
    maker, inside = make()
    with pytest.raises(CommandFailed, match="File exists"):
        Namespace.create(NAME)
    assert netns.sweep() == [] and NAME in existing() and not ended(inside)
    kill(maker)
    assert netns.sweep() == [NAME] and NAME not in existing()


def test_a_demo_that_starts_sweeps_what_a_killed_bench_or_test_left(no_camp: RunningCamp) -> None:
    maker, _ = make()
    kill(maker)
    with places.only_one():
        assert NAME in places.sweep()
    assert NAME not in existing() and netns.sweep() == []


def test_one_that_nobody_here_made_is_left_alone() -> None:
    spawn(["ip", "netns", "add", NAME]).wait()
    with pytest.raises(CommandFailed, match="File exists"):
        Namespace.create(NAME)
    assert netns.sweep() == [] and NAME in existing()


def test_nothing_of_the_notes_stays_behind() -> None:
    Namespace.create(NAME).destroy()
    assert not (netns.MAKERS / NAME).exists()
