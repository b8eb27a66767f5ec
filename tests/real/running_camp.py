"""W A running demo as its tests see it: through its state file, its signals, and phones of their own beside the demo's."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from appliance.gate.client import ask
from appliance.layout import Layout
from appliance.run import run, spawn
from appliance.services import SERVICES
from provisioning.lab import cabling, keys, kinds, places
from provisioning.lab.judging import Outcome
from provisioning.lab.netns import Namespace, existing
from provisioning.lab.pace import patient

T = TypeVar("T")
PROJECT = Path(__file__).resolve().parents[2]
UP = patient(180.0)
"""Seconds to wait for a demo, a box or an uplink that comes or goes: long, for other tests run beside."""
ROWS = {service.name: service for service in SERVICES}
DEMO = ("setpriv", "--pdeathsig", "INT", "--", sys.executable, "-m", "appliance.cli", "demo")
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(PROJECT), "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1"}


def until(question: Callable[[], T], timeout: float, what: str) -> T:
    """Ask again and again until the answer is true; it. Raises AssertionError after ``timeout`` seconds."""
    deadline = time.monotonic() + timeout
    while not (answer := question()):
        assert time.monotonic() < deadline, f"not within {timeout} s: {what}"
        time.sleep(0.1)
    return answer


def start_demo(output: Path, *arguments: str) -> subprocess.Popen[bytes]:
    """A demo as a process of its own; what it says goes to ``output``."""
    with output.open("wb") as said:
        demo: subprocess.Popen[bytes] = spawn(
            [*DEMO, *arguments], stdin=subprocess.DEVNULL, stdout=said, stderr=said, env=ENVIRONMENT, start_new_session=True
        )
    return demo


def traces() -> list[str]:
    """Everything a demo could leave behind on this machine that is there now."""
    mounts = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
    etc = [p.name for p in cabling.NETNS_ETC.iterdir()] if cabling.NETNS_ETC.exists() else []
    found = [name for name in [*existing(), *etc] if name.startswith("campbox-")]
    found += [point for point in mounts if point.startswith(str(places.ROOT))]
    found += [str(path) for path in (places.ROOT, places.LOCK) if path.exists()]
    return found + [f"process {pid}" for pid in _processes()]


def none_left(patience: float = patient(30.0)) -> list[str]:
    """``traces()``, once what was killed has had the time to go: the kernel buries it when it comes to it."""
    deadline = time.monotonic() + patience
    while (found := traces()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return found


def _processes() -> list[int]:
    """Processes that are or were services of a demo: they carry its folder in their environment or command line."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            carried = (folder / "environ").read_bytes() + (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if str(places.ROOT).encode() in carried and int(folder.name) != os.getpid():
            found.append(int(folder.name))
    return found


class Guest:
    """A phone of the tests' own, in a namespace of its own."""

    def __init__(self, camp: RunningCamp, name: str, kind: kinds.PhoneKind) -> None:
        self.camp, self.kind = camp, kind
        self.namespace = cabling.make_phone(f"campbox-guest-{name}")
        self.plug()

    def plug(self) -> None:
        """Come into reach (again, after the box was rebooted)."""
        cabling.plug(self.namespace, self.camp.box, self.camp.state["box"]["lan_bridge"])

    def command(self, *deeds: str) -> list[str]:
        """The phone's process for these deeds, with every row of the probe table."""
        world = str(places.ROOT / "world.json")
        own = ["--world", world, "--name", self.namespace.name, "--kind", self.kind.name, "--all-probes"]
        return [*self.namespace.enter, sys.executable, "-m", "provisioning.lab.phone", *own, *deeds]

    def do(self, *deeds: str) -> list[Outcome]:
        """Do the deeds; what came of them."""
        done = run(self.command(*deeds), env=ENVIRONMENT, check=False, timeout=patient(240))
        outcomes = [Outcome.from_json(line) for line in done.stdout.splitlines()]
        assert outcomes, done.stderr
        return outcomes

    def must(self, *deeds: str) -> list[Outcome]:
        """Do the deeds; every expectation must hold."""
        outcomes = self.do(*deeds)
        wrong = [f"{o.expect}: {o.figure}" for o in outcomes if not o.holds]
        assert not wrong, "\n".join(wrong)
        return outcomes


class RunningCamp:
    """One demo process, started when it is first needed and again after a test has ended it."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[bytes] | None = None
        self.guests: list[Guest] = []
        self.arguments: tuple[str, ...] = ()
        self.line_is_cut = False
        self.rebooted = False
        """Whether everybody may pass without a tap, because its box was switched off and on."""
        self.folder = Path(tempfile.mkdtemp(prefix="campbox-camp-"))
        self.state_file, self.output = self.folder / "state.json", self.folder / "output"

    def ensure(self, *arguments: str) -> None:
        """Have it running, started with these further arguments; one that was started otherwise is ended first."""
        if self.process is not None and not self.ended and self.arguments == arguments:
            return
        self.stop()
        self.arguments, self.rebooted, self.line_is_cut = arguments, False, False
        self.process = start_demo(self.output, "--phones", "3", "--state", str(self.state_file), *arguments)
        until(lambda: self.state_file.exists() or self.ended, UP, "the demo is up")
        assert not self.ended, self.said

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        """End it; its exit status."""
        for guest in self.guests:
            cabling.remove(guest.namespace.name)
        self.guests.clear()
        if self.process is None:
            return 0
        self.process.send_signal(number)
        status = self.process.wait(UP)
        self.process = None
        return status

    @property
    def ended(self) -> bool:
        """Whether the demo's process is gone."""
        return self.process is not None and self.process.poll() is not None

    @property
    def said(self) -> str:
        """Everything the demo has printed."""
        return self.output.read_text(errors="replace")

    @property
    def state(self) -> dict[str, Any]:
        """The state file as it is now."""
        state: dict[str, Any] = json.loads(self.state_file.read_text())
        return state

    @property
    def box(self) -> Namespace:
        """The box's namespace."""
        return Namespace(self.state["box"]["netns"])

    @property
    def layout(self) -> Layout:
        """The box's files."""
        return Layout.under(Path(self.state["box"]["data_dir"]).parent, places.APP)

    def guest(self, name: str, kind: kinds.PhoneKind = kinds.PHONE_KINDS[0]) -> Guest:
        """A new phone, in reach but not yet joined."""
        made = Guest(self, name, kind)
        self.guests.append(made)
        return made

    def send_away(self) -> None:
        """Every guest leaves."""
        for guest in self.guests:
            cabling.remove(guest.namespace.name)
        self.guests.clear()

    def uplink(self) -> str:
        """What the gate takes the uplink for."""
        return str(ask(self.layout, {"do": "facts"}, timeout=patient(30)).get("uplink"))

    def cut(self) -> None:
        """Cut the uplink and wait until the box has noticed."""
        self._signal(signal.SIGUSR1)
        self.line_is_cut = True
        until(lambda: self.uplink() == "down", UP, "the box notices that the uplink is down")

    def restore(self) -> None:
        """Restore the uplink if it was cut, and wait until the box has noticed.

        Not asked for where there is nothing to restore: of two signals that wait, the lower is heard first, so a cut right after
        it could be heard before it (signal(7)).
        """
        if self.line_is_cut:
            self._signal(signal.SIGUSR2)
        self.line_is_cut = False
        until(lambda: self.uplink() == "up", UP, "the box notices that the uplink is up")

    def reboot(self) -> None:
        """Reboot the box; guests are plugged in and have asked for their address again."""
        before, old = self.said.count("the box is back"), self.state["services"]["gate"]
        self.rebooted = True
        self._signal(keys.REBOOT_SIGNAL)
        until(lambda: self.said.count("the box is back") > before or self.ended, UP, "the box is back")
        assert not self.ended, self.said
        until(lambda: self.state["services"].get("gate") not in (None, old), UP, "the state file tells of the new gate")
        for guest in self.guests:
            guest.plug()
            guest.must("join")

    def kill(self, *services: str) -> None:
        """SIGKILL services, as an out-of-memory killer does."""
        for name in services:
            until(partial(self.pid, name), UP, f"{name} runs")
            os.killpg(self.state["services"][name], signal.SIGKILL)

    def pid(self, service: str) -> int | None:
        """The process of a service, when it runs according to the state file."""
        pid = self.state["services"].get(service)
        return pid if pid is not None and Path(f"/proc/{pid}").exists() else None

    def serves(self, service: str, but: int | None = None) -> bool:
        """Whether a service runs, as another process than ``but``, and has said that it is ready."""
        ready = ROWS[service].ready_path(self.layout)
        return self.pid(service) not in (None, but) and (ready is None or Path(ready).exists())

    def hub(self, path: str) -> str:
        """A page of the hub as an operator sees it, through the loopback port."""
        login = base64.b64encode(f"{self.state['hub_user']}:{self.state['hub_password']}".encode()).decode()
        request = urllib.request.Request(self.state["hub_url"].rstrip("/") + path, headers={"Authorization": f"Basic {login}"})
        with urllib.request.urlopen(request, timeout=patient(60)) as answer:
            return str(answer.read().decode())

    def _signal(self, number: Any) -> None:
        assert self.process is not None
        self.process.send_signal(number)


def held(outcomes: Sequence[Outcome], start: str) -> list[Outcome]:
    """Those whose expectation begins so."""
    return [o for o in outcomes if o.expect.startswith(start)]
