"""W What is tried on Debian's kernel: run inside the virtual machine by test_vm.py, never on this machine's own kernel.

Queueing disciplines that the host may lack; ``in_guest_radio.py`` has the box on its own radio.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest

from appliance.run import run
from provisioning.lab.netns import Namespace
from tests.real.stick_cell import look_at_a_fat_stick

pytestmark = [pytest.mark.net]


def test_the_kernel_is_debians() -> None:
    assert run(["uname", "-r"]).stdout.startswith("6."), "Debian 12 has 6.1, Debian 13 has 6.12"
    assert "-amd64" in run(["uname", "-r"]).stdout


@pytest.mark.parametrize("discipline", ["cake", "netem", "fq_codel", "htb"])
def test_a_queueing_discipline_attaches(discipline: str) -> None:
    settings = {"cake": ["bandwidth", "8mbit", "dual-dsthost", "ingress"], "netem": ["delay", "50ms", "loss", "1%"]}
    run(["ip", "link", "add", "shaped", "type", "dummy"])
    try:
        run(["tc", "qdisc", "add", "dev", "shaped", "root", "handle", "1:", discipline, *settings.get(discipline, [])])
        there = json.loads(run(["tc", "-j", "qdisc", "show", "dev", "shaped"]).stdout)
        assert [entry["kind"] for entry in there if entry.get("root")] == [discipline]
    finally:
        run(["ip", "link", "delete", "shaped"])


def test_netem_really_delays() -> None:
    place = Namespace.create("vm-netem")
    try:
        place.run("tc", "qdisc", "add", "dev", "lo", "root", "netem", "delay", "30ms")
        said = place.run("ping", "-c", "3", "-i", "0.2", "127.0.0.1").stdout
        average = float(said.split("=")[-1].split("/")[1])
        assert average >= 60, said
    finally:
        place.destroy()


def test_a_stick_with_fat_is_mounted_for_its_reader_alone() -> None:
    run(["modprobe", "-a", "loop", "vfat"])
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        look_at_a_fat_stick(Path(folder))


def test_a_failure_in_the_guest_is_seen() -> None:
    raise AssertionError("this one fails on purpose: test_vm.py asserts that it arrives as a failure")
