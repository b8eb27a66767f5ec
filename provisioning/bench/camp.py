"""W A demo camp to measure: started, joined by one more cable, taken down."""

from __future__ import annotations

import contextlib
import ipaddress
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from appliance.errors import NotSo
from appliance.layout import Layout
from appliance.run import run, spawn
from appliance.services import SERVICES, USERS
from provisioning.lab.netns import Namespace

START_SECONDS = 120


@dataclass(frozen=True)
class Camp:
    """A running demo (its state file) and a namespace whose ``eth0`` is plugged into the box's LAN."""

    state: dict[str, Any]
    client: Namespace
    pid: int

    @property
    def gateway(self) -> str:
        """The box's IPv4 address on the LAN."""
        return str(self.state["box"]["lan_gateway"])

    @property
    def beyond(self) -> str:
        """A web server in the demo's internet."""
        return str(self.state["internet"]["web_address"])

    def pids(self, place: str = "box") -> dict[str, int]:
        """Services of the box (or the hub) and their process ids."""
        names = {service.name for service in SERVICES if service.place == place}
        return {name: pid for name, pid in self.state["services"].items() if name in names}

    @contextlib.contextmanager
    def portal_alone(self, port: int) -> Iterator[None]:
        """The portal's application once more, on a TCP port of the box's loopback, without nginx before it."""
        root = Path(self.state["box"]["data_dir"]).parent
        layout = Layout.under(root, root.parent / "app")
        uid = str(USERS["campbox-portal"])
        argv = ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups", "--", sys.executable, "-m", "gunicorn"]
        argv += ["captive_portal.app:create_app()", "--bind", f"127.0.0.1:{port}", "--threads", "8", "--log-level", "critical"]
        environment = {**os.environ, **layout.environment(), "HOME": "/tmp", "PYTHONDONTWRITEBYTECODE": "1"}
        box = Namespace(self.state["box"]["netns"])
        alone = box.spawn([*argv, "--no-control-socket"], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            _await_port(box, port)
            yield
        finally:
            alone.terminate()
            alone.wait(10)


@contextlib.contextmanager
def camp(network: ipaddress.IPv4Interface) -> Iterator[Camp]:
    """Start a demo without phones, plug in a client with a fixed address, and take both down at the end.

    Raises NotSo when the demo does not come up; its last words are in the message.
    """
    with tempfile.TemporaryDirectory() as folder:
        state_file, log_file = Path(folder) / "state.json", Path(folder) / "log"
        with log_file.open("wb") as log:
            argv = [sys.executable, "-m", "appliance.cli", "demo", "--phones", "0", "--state", str(state_file)]
            demo = spawn(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            state = _await_state(state_file, demo, log_file)
            yield from _with_client(state, network, demo.pid)
        finally:
            demo.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                demo.wait(60)


def _await_port(place: Namespace, port: int) -> None:
    deadline = time.monotonic() + 20
    while place.run("curl", "-s", "-o", "/dev/null", f"http://127.0.0.1:{port}/", check=False).returncode != 0:
        if time.monotonic() > deadline:
            raise NotSo("the portal without its front did not start", mend="try ./campbox demo")
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


def _with_client(state: dict[str, Any], network: ipaddress.IPv4Interface, pid: int) -> Iterator[Camp]:
    client = Namespace.create("campbox-bench")
    try:
        box = Namespace(state["box"]["netns"])
        run(["ip", "link", "add", "eth0", "netns", client.name, "type", "veth", "peer", "name", "bench0", "netns", box.name])
        box.ip("link", "set", "bench0", "master", state["box"]["lan_bridge"])
        box.ip("link", "set", "bench0", "up")
        client.ip("link", "set", "eth0", "up")
        client.ip("addr", "add", str(network), "dev", "eth0")
        client.ip("route", "add", "default", "via", state["box"]["lan_gateway"])
        yield Camp(state, client, pid)
    finally:
        client.destroy()
