"""W A demo camp to measure: started, joined by one more cable, taken down."""

from __future__ import annotations

import contextlib
import ipaddress
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from appliance.errors import NotSo
from appliance.layout import Layout
from appliance.run import run, spawn
from appliance.services import Place, Service, services
from appliance.supervisor import Supervisor
from provisioning.lab.netns import Namespace

START_SECONDS = 120


@dataclass(frozen=True)
class Camp:
    """A running demo (its state file) and a namespace whose ``eth0`` is plugged into the box's LAN."""

    state: dict[str, Any]
    client: Namespace

    @property
    def gateway(self) -> str:
        """The box's IPv4 address on the LAN."""
        return str(self.state["box"]["lan_gateway"])

    @property
    def beyond(self) -> str:
        """A web server in the demo's internet."""
        return str(self.state["internet"]["web_address"])

    def pids(self, place: Place = "box") -> dict[str, int]:
        """Services of the box (or the hub) and their process ids."""
        names = {service.name for service in services(place)}
        return {name: pid for name, pid in self.state["services"].items() if name in names}

    @property
    def box(self) -> Namespace:
        """Where the box is."""
        return Namespace(self.state["box"]["netns"])

    def _supervisor(self) -> Supervisor:
        """Knows how the demo starts things in the box; starts nothing by itself."""
        root = Path(self.state["box"]["data_dir"]).parent
        app = root.parent / "app"
        python = str(app / ".venv/bin/python")
        return Supervisor(services("box"), Layout.under(root, app), python=python, enter=self.box.enter)

    def timer_seconds(self, service: Service) -> float:
        """Processor time of one round of a timer of the box, with nothing to do."""
        supervisor = self._supervisor()
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        run(supervisor.command(service), env=supervisor.environment(service))
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    @contextlib.contextmanager
    def alone(self, name: str, port: int) -> Iterator[None]:
        """A web service of the box once more, on a TCP port of the box's loopback, without nginx before it."""
        supervisor = self._supervisor()
        service = next(service for service in services("box") if service.name == name)
        address = service.command.index("--bind") + 1
        command = (*service.command[:address], f"127.0.0.1:{port}", *service.command[address + 1 :])
        alone = spawn(
            supervisor.command(replace(service, command=command)),
            env=supervisor.environment(service), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            self.await_port(port)
            yield
        finally:
            alone.terminate()
            alone.wait(10)

    def await_port(self, port: int) -> None:
        """Wait until a web server answers on the box's loopback. Raises NotSo."""
        _await_port(self.box, port)


@contextlib.contextmanager
def camp(network: ipaddress.IPv4Interface) -> Iterator[Camp]:
    """Start a demo without phones, plug in a client with a fixed address, and take both down at the end.

    Raises NotSo when the demo does not come up; its last words are in the message.
    """
    with tempfile.TemporaryDirectory() as folder:
        state_file, log_file = Path(folder) / "state.json", Path(folder) / "log"
        with log_file.open("wb") as log:
            # A bench that is killed takes its demo along, which then clears up.
            argv = ["setpriv", "--pdeathsig", "INT", "--", sys.executable, "-m", "appliance.cli", "demo", "--phones", "0"]
            argv += ["--state", str(state_file)]
            # A report a minute, as a real box sends; a demo sends more, for whoever watches.
            paced = {**os.environ, "CAMPBOX_TELEMETRY_INTERVAL": "60"}
            demo = spawn(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=paced)
        try:
            state = _await_state(state_file, demo, log_file)
            yield from _with_client(state, network)
        finally:
            demo.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                demo.wait(60)


def _await_port(place: Namespace, port: int) -> None:
    deadline = time.monotonic() + 20
    while place.run("curl", "-s", "-o", "/dev/null", f"http://127.0.0.1:{port}/", check=False).returncode != 0:
        if time.monotonic() > deadline:
            raise NotSo("a web server beside the box did not start", mend="try ./campbox demo")
        time.sleep(0.1)


def _await_state(state_file: Path, demo: subprocess.Popen[Any], log_file: Path) -> dict[str, Any]:
    deadline = time.monotonic() + START_SECONDS
    while not state_file.exists():
        if demo.poll() is not None or time.monotonic() > deadline:
            words = log_file.read_text(errors="replace").strip().splitlines()
            raise NotSo(f"the demo did not come up: {words[-1] if words else 'it said nothing'}", mend="try ./campbox demo")
        time.sleep(0.2)
    state: dict[str, Any] = json.loads(state_file.read_text())
    return state


def _with_client(state: dict[str, Any], network: ipaddress.IPv4Interface) -> Iterator[Camp]:
    client = Namespace.create("campbox-bench")
    try:
        box = Namespace(state["box"]["netns"])
        run(["ip", "link", "add", "eth0", "netns", client.name, "type", "veth", "peer", "name", "bench0", "netns", box.name])
        box.ip("link", "set", "bench0", "master", state["box"]["lan_bridge"])
        box.ip("link", "set", "bench0", "up")
        # This one device stands for a thousand: the kernel's limits for each would be all that is measured.
        for limit in ("unhurried", "at_the_box", "bounds"):
            box.run("nft", "flush", "chain", "inet", "campbox", limit)
        client.ip("link", "set", "eth0", "up")
        client.ip("addr", "add", str(network), "dev", "eth0")
        client.ip("route", "add", "default", "via", state["box"]["lan_gateway"])
        yield Camp(state, client)
    finally:
        client.destroy()
