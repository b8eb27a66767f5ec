"""The installed units under a real systemd, booted in namespaces: every cell is wide enough for its service, and no wider."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from appliance.layout import Layout
from appliance.run import find_program, run, spawn
from appliance.services import USERS, Service, services
from appliance.units import PROGRAMS, units
from provisioning.lab.netns import Namespace, connect
from provisioning.lab.pace import patient
from tests.real import up_place

CODE = Path(__file__).resolve().parents[2]
SYSTEMD = Path("/lib/systemd/systemd")
pytestmark = [
    pytest.mark.net,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root: it makes namespaces"),
    pytest.mark.skipif(not SYSTEMD.exists(), reason="needs systemd"),
]
SITE = up_place.SITE.replace('"up-1"', '"cell-1"') + '[hub]\nhost = "192.0.2.1"\n'
LEASED = '#!/bin/sh\n[ "$1" = bound ] || exit 0\nip address add $ip/$mask dev $interface\nip route add default via $router\n'
TABLE = services("box")
DAEMONS = [service for service in TABLE if service.kind == "daemon"]
_CAPABILITY_BITS = {"CAP_NET_BIND_SERVICE": 10, "CAP_NET_ADMIN": 12, "CAP_NET_RAW": 13}


@dataclass
class Machine:
    """A booted systemd: ``init`` is its process id outside."""

    init: int
    phone: Namespace

    def inside(self, *argv: str, check: bool = True) -> str:
        """What a program prints that root runs on the machine."""
        return run(["nsenter", f"--target={self.init}", "--all", *argv], check=check).stdout

    def property(self, unit: str, name: str) -> str:
        return self.inside("systemctl", "show", "--value", f"--property={name}", unit, check=False).strip()

    def state(self, unit: str) -> str:
        return self.property(unit, "ActiveState")

    def wait(self, unit: str, state: str, seconds: float = patient(240.0)) -> None:
        deadline = time.monotonic() + seconds
        while self.state(unit) != state:
            if time.monotonic() > deadline:
                pytest.fail(f"{unit} is {self.state(unit)}: {self.inside('journalctl', '--no-pager', '-n', '60', check=False)}")
            time.sleep(0.3)


def stage(folder: Path, site: Path) -> None:
    """``box install``, with the daemons where they are on this machine."""
    argv = ["box", "install", str(site), "--to", str(folder), "--code", "/opt/campbox", "--python", "/opt/campbox-env/bin/python"]
    run([sys.executable, "-m", "appliance.cli", *argv])
    for name, code in TRIED.items():
        (folder / f"etc/{name}.py").write_text(code)
        (folder / f"etc/systemd/system/campbox-{name}.service").write_text(trial(name))
    for unit in (folder / "etc/systemd/system").glob("*.service"):
        text = unit.read_text()
        for name, path in PROGRAMS.items():
            if path in text:
                text = text.replace(path, find_program(name).replace(str(CODE), "/opt/campbox"))
        unit.write_text(text)


SLOW, STILL = 8, 2
"""Seconds: a slow start, and the patience with one that does nothing."""
WORKS = f"""
import pathlib, time
ends = time.monotonic() + {SLOW}
while time.monotonic() < ends:
    sum(range(100_000))
    time.sleep(0.02)
pathlib.Path("/run/campbox/slow/ready").touch()
time.sleep(100_000)
"""
TRIED = {"slow": WORKS, "still": "import time; time.sleep(100_000)", "dying": "import time; time.sleep(1); raise SystemExit(3)"}
"""Services that start in their own way: one works for long before it is ready, one does nothing, one ends."""


def trial(name: str) -> str:
    """The unit of such a service, with less patience than a real one's, so that it is over soon."""
    row = Service(name, "box", name, ("{python}", f"/etc/{name}.py"), "campbox-gate", ready=f"{{run}}/{name}/ready")
    text = units([row], Layout.system(Path("/opt/campbox")), "/opt/campbox-env/bin/python")[f"campbox-{name}.service"]
    (waiting,) = (line for line in text.splitlines() if line.startswith("ExecStartPost="))
    return text.replace(waiting, waiting.removesuffix(" 60") + f" {STILL}")


def child_of(process: subprocess.Popen[Any], output: Path) -> int:
    """The first process inside: ``unshare`` forks it."""
    deadline = time.monotonic() + patient(120)
    while time.monotonic() < deadline:
        if process.poll() == 77:
            pytest.skip(f"this machine does not allow a systemd in namespaces: {output.read_text().strip()}")
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # what has ended by now
            found = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
            if found and (Path("/proc") / found[0] / "comm").read_text().strip() == "systemd":
                return int(found[0])
        time.sleep(0.1)
    pytest.fail(f"systemd did not start: {output.read_text()}")


@pytest.fixture(scope="module")
def machine() -> Iterator[Machine]:
    # Copy-on-write cannot stand on copy-on-write: the folder is on the disk.
    root = Path(tempfile.mkdtemp(prefix="campbox-cell-", dir="/var/tmp"))
    box, phone, net = (Namespace.create(f"cell-{what}-{os.getpid()}") for what in ("box", "phone", "net"))
    process = None
    try:
        connect(box, "lan0", phone, "eth0")
        connect(box, "wan0", net, "eth0")
        (root / "site.toml").write_text(SITE)
        stage(root / "stage", root / "site.toml")
        cell = ["unshare", "--pid", "--mount", "--uts", "--ipc", "--cgroup", "--fork", "--kill-child", "bash"]
        script = [str(CODE / "tests/real/systemd_cell.sh"), str(root / "stage"), str(root / "work"), str(CODE), sys.prefix]
        output = root / "output"
        with output.open("w") as file:
            process = spawn([*box.enter, *cell, *script], stdin=subprocess.DEVNULL, stdout=file, stderr=file)
        made = Machine(child_of(process, output), phone)
        for service in DAEMONS:
            made.wait(f"campbox-{service.name}.service", "active")
        yield made
    finally:
        if process is not None:
            process.kill()
            process.wait()
        for namespace in (box, phone, net):
            namespace.destroy()
        shutil.rmtree(root, ignore_errors=True)


def status_of(machine: Machine, service: Service) -> dict[str, str]:
    """/proc/PID/status of a service's first process."""
    pid = machine.property(f"campbox-{service.name}.service", "MainPID")
    lines = machine.inside("cat", f"/proc/{pid}/status").splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def test_nothing_fails(machine: Machine) -> None:
    machine.wait("campbox.target", "active")
    assert machine.inside("systemctl", "list-units", "--failed", "--no-legend", "--plain", "campbox*").strip() == ""
    assert machine.state("campbox-pages.service") == "active"


@pytest.mark.parametrize("service", DAEMONS, ids=lambda service: service.name)
def test_a_service_has_its_user_its_capabilities_and_a_filter(machine: Machine, service: Service) -> None:
    status = status_of(machine, service)
    wanted = sum(1 << _CAPABILITY_BITS[name] for name in service.capabilities)
    assert status["Uid"].split() == [str(USERS[service.user])] * 4
    assert {int(status[name], 16) for name in ("CapEff", "CapPrm", "CapBnd", "CapAmb")} == {wanted}
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")


def test_a_phone_leases_and_is_led_to_the_portal(machine: Machine, tmp_path: Path) -> None:
    script = tmp_path / "leased.sh"
    script.write_text(LEASED)
    script.chmod(0o755)
    machine.phone.run("busybox", "udhcpc", "-i", "eth0", "-q", "-n", "-t", "30", "-T", "1", "-s", str(script))
    asked = ("curl", "-s", "-i", "-m", "30", "-H")
    redirected = machine.phone.run(*asked, "Host: captive.apple.com", "http://198.51.100.1/").stdout
    assert "302" in redirected and "Location: http://camp.internal/" in redirected
    assert "Test camp" in machine.phone.run(*asked, "Host: camp.internal", "http://10.44.0.1/en/").stdout


def test_the_timers_ran_and_told_their_facts(machine: Machine) -> None:
    deadline = time.monotonic() + patient(120)
    while not (told := machine.inside("cat", "/run/campbox/facts/enrol.json", check=False)) and time.monotonic() < deadline:
        time.sleep(0.3)
    assert json.loads(told)["state"] == "waiting"


def test_a_web_process_sees_no_network_and_no_home(machine: Machine) -> None:
    pid = machine.property("campbox-portal.service", "MainPID")
    enter = ("nsenter", f"--target={pid}", "--mount", "--net")
    assert [line.split(":")[1].strip() for line in machine.inside(*enter, "ip", "-o", "link").splitlines()] == ["lo"]
    assert machine.inside(*enter, "ls", "-A", "/root", check=False) == ""


RESTLESS = ("still", "dying")


@pytest.fixture(scope="module")
def restless(machine: Machine) -> None:
    """They start again and again, from now on."""
    machine.inside("systemctl", "start", "--no-block", *(f"campbox-{name}.service" for name in RESTLESS))


@pytest.mark.usefixtures("restless")
def test_point_0_a_slow_start_is_waited_for_as_long_as_it_works(machine: Machine) -> None:
    machine.inside("systemctl", "start", "campbox-slow.service", check=False)
    assert machine.state("campbox-slow.service") == "active", machine.inside(
        "journalctl", "--no-pager", "-n", "30", "-u", "campbox-slow"
    )
    assert machine.property("campbox-slow.service", "NRestarts") == "0", (
        "it took longer than the patience with one that does nothing"
    )


@pytest.mark.usefixtures("restless")
@pytest.mark.parametrize("name", RESTLESS)
def test_point_0_a_start_that_hangs_or_ends_is_tried_again_and_never_given_up(machine: Machine, name: str) -> None:
    unit = f"campbox-{name}.service"
    deadline = time.monotonic() + patient(120)
    while int(machine.property(unit, "NRestarts") or 0) < 6:  # systemd itself gives up after five, where nothing forbids it
        assert time.monotonic() < deadline, machine.inside("systemctl", "status", "--no-pager", unit, check=False)
        time.sleep(0.3)
    assert machine.state(unit) == "activating"
    machine.inside("systemctl", "stop", unit, check=False)
    machine.inside("systemctl", "reset-failed", unit, check=False)


def test_the_self_test_does_in_its_cell_all_that_it_must(machine: Machine) -> None:
    """The frames, the cable, the write, the control groups; what needs an uplink or a hub fails here, and nothing else."""
    deadline = time.monotonic() + patient(240)
    told: dict[str, Any] = {}
    while told.get("state") not in ("passed", "failed") and time.monotonic() < deadline:
        time.sleep(1)
        told = json.loads(machine.inside("cat", "/run/campbox/facts/selftest.json", check=False) or "{}")
    lines = {line["name"]: line for line in told["checks"]}
    failed = {name for name, line in lines.items() if line["ok"] is False}
    assert failed == {"uplink", "hub", "certificate", "catalogue"}, [lines[name] for name in failed]
    assert told["seconds"] < 90
    assert lines["services"]["what"].startswith("all ") and lines["address"]["ok"] is True
    assert "selftest0" not in machine.inside("ip", "-br", "link")


def test_a_killed_service_comes_back(machine: Machine) -> None:
    before = machine.property("campbox-portal.service", "MainPID")
    machine.inside("systemctl", "kill", "--signal=KILL", "campbox-portal.service")
    deadline = time.monotonic() + patient(180)
    while machine.property("campbox-portal.service", "MainPID") in (before, "0") and time.monotonic() < deadline:
        time.sleep(0.2)
    machine.wait("campbox-portal.service", "active")
    assert machine.property("campbox-portal.service", "MainPID") not in (before, "0")
