"""W A machine for ``campbox box up``: a LAN port with a phone at its other end, an uplink, and a folder for the box's files."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from appliance import leftovers
from appliance.layout import Layout
from appliance.run import run, spawn
from provisioning.lab.netns import Namespace, connect
from provisioning.lab.pace import patient
from tests.real.open_folder import open_folder

CODE = Path(__file__).resolve().parents[2]
SITE = """
external_ap = true
[site]
id = "up-1"
name = "Test camp"
country = "JO"
timezone = "Asia/Amman"
languages = ["ar", "en"]
[lan]
interface = "lan0"
address = "10.44.0.1/20"
address6 = "fd5c:a3b0:77::1/64"
[[uplink]]
interface = "wan0"
down = "10mbit"
up = "2mbit"
"""
LEASED = """#!/bin/sh
[ "$1" = bound ] || exit 0
ip address add $ip/$mask dev $interface
ip route add default via $router
echo "leased $ip dns $dns"
"""
CAMPBOX = (sys.executable, "-m", "appliance.cli")
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(CODE), "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1"}


@dataclass
class Place:
    """A machine with a LAN port (a phone at its other end) and an uplink, and a folder for the box's files."""

    machine: Namespace
    phone: Namespace
    net: Namespace
    root: Path

    @property
    def layout(self) -> Layout:
        return Layout.under(self.root / "box", CODE)

    def site(self, text: str = SITE) -> Path:
        path = self.root / "site.toml"
        path.write_text(text)
        return path

    def up(self, site: Path, *more: str) -> subprocess.Popen[Any]:
        argv = [*self.machine.enter, *CAMPBOX, "box", "up", str(site), "--root", str(self.root / "box"), *more]
        process: subprocess.Popen[Any] = spawn(argv, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        return process

    def refused(self, site: Path) -> tuple[int, list[str]]:
        process = self.up(site)
        told, _ = process.communicate(timeout=patient(180))
        assert leftovers.running(self.layout) == {}, "something was started"
        assert not (self.root / "box" / "etc").exists(), "something was written"
        assert "Traceback" not in told
        return process.returncode, told.splitlines()

    def ask(self, *argv: str) -> subprocess.CompletedProcess[str]:
        return run([*CAMPBOX, "box", *argv, "--root", str(self.root / "box")], env=ENVIRONMENT, check=False)

    def curl(self, host: str, path: str = "/") -> str:
        """Head and body that the phone gets from whatever answers for ``host``, at the address DNS gives the captive."""
        return self.phone.run(
            "curl", "-s", "-i", "-m", "30", "-H", f"Host: {host}", f"http://198.51.100.1{path}", check=False
        ).stdout


@pytest.fixture
def place() -> Iterator[Place]:
    names = [f"up-{what}-{os.getpid()}" for what in ("box", "phone", "net")]
    machine, phone, net = (Namespace.create(name) for name in names)
    with open_folder("up") as root:
        try:
            connect(machine, "lan0", phone, "eth0")
            connect(machine, "wan0", net, "eth0")
            machine.ip("address", "add", "192.0.2.2/24", "dev", "wan0")
            net.ip("address", "add", "192.0.2.1/24", "dev", "eth0")
            machine.ip("route", "add", "default", "via", "192.0.2.1")
            yield Place(machine, phone, net, root)
        finally:
            for namespace in (machine, phone, net):
                namespace.destroy()


def wait_until_up(process: subprocess.Popen[Any], sign: str = "services run") -> None:
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if sign in line:
            return
    pytest.fail("it ended: " + "".join(lines))


def end(process: subprocess.Popen[Any], number: signal.Signals = signal.SIGTERM) -> int:
    process.send_signal(number)
    process.communicate(timeout=patient(120))
    return process.returncode
