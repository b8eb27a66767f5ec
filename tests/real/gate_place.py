"""W The gate daemon in a camp of its own: its real user, its one capability, its supervisor."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import threading
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from appliance.errors import Unreachable
from appliance.gate.client import ask
from appliance.layout import Layout
from appliance.prepare import write_configuration
from appliance.run import run
from appliance.services import SERVICES, USERS, services
from appliance.supervisor import Supervisor
from provisioning.bench.machine import family
from tests.real.gate_camp import BOX4, BOX6, NET4, NET6, PATIENCE, Camp, reaches, tcp

PROJECT = Path(__file__).resolve().parents[2]
GATE = next(service for service in SERVICES if service.name == "gate")


def start_names(place: Place, stack: ExitStack) -> None:
    """The real name servers beside the gate, with the internet's host as the uplink's."""
    folder, garden = Path("/etc/netns") / place.camp.box.name, bool(place.camp.config.access.garden)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "resolv.conf").write_text(f"nameserver {NET4}\n")
    stack.callback(shutil.rmtree, folder, ignore_errors=True)
    table = [service for service in services("box", garden=garden) if service.name.startswith("dnsmasq-")]
    names = Supervisor(table, place.layout, python=sys.executable, enter=place.camp.box.enter)
    names.prepare()
    write_configuration("campbox.files", place.camp.config, place.layout)
    names.start()
    stack.callback(names.stop)


def online(place: Place, number: int) -> bool:
    """Whether a phone reaches the internet's web server in both families."""
    phone = place.camp.phones[number - 1]
    return tcp(phone, NET4, 443) == "internet" and tcp(phone, NET6, 443) == "internet"


def see(place: Place) -> None:
    """Let every phone speak to the box, so that it knows them."""
    for phone in place.camp.phones:
        assert reaches(phone, BOX4) and reaches(phone, BOX6)


def answers(place: Place) -> bool:
    """Whether the gate says anything."""
    try:
        return bool(place.ask("facts")["ok"])
    except Unreachable:
        return False


class Place:
    """``layout`` below /run (a clone may stand in a folder that the gate's user cannot enter), the project bound into it."""

    def __init__(self, camp: Camp, name: str) -> None:
        self.camp = camp
        self.root = Path("/run") / name
        self._sweep()
        app = self.root / "app"
        app.mkdir(parents=True)
        run(["mount", "--bind", str(PROJECT), str(app)])
        self.layout = Layout.under(self.root / "box", app)
        self._turn = threading.Event()
        self._keeper: threading.Thread | None = None
        self.supervisor = self._new_supervisor()
        self.write_site(camp.text)

    def _new_supervisor(self) -> Supervisor:
        python = str(self.layout.code / ".venv" / "bin" / "python")
        made = Supervisor([GATE], self.layout, python=python, enter=self.camp.box.enter)
        made.prepare()
        return made

    def write_site(self, text: str) -> None:
        """The site file that the next start reads."""
        self.layout.config_file.write_text(text)

    def start(self) -> None:
        """Start the gate and keep it running; its supervisor ticks in a thread."""
        self.supervisor = self._new_supervisor()
        self.supervisor.start()
        self._turn = threading.Event()
        self._keeper = threading.Thread(target=self._keep, args=(self.supervisor, self._turn), daemon=True)
        self._keeper.start()

    @staticmethod
    def _keep(supervisor: Supervisor, end: threading.Event) -> None:
        while not end.wait(0.05):
            supervisor.tick()

    def stop(self) -> None:
        """Stop the gate in order."""
        self._turn.set()
        if self._keeper is not None:  # or it would start again what is being stopped
            self._keeper.join()
        self.supervisor.stop()

    def reboot(self) -> None:
        """As after a power cut: another boot id, empty kernel tables."""
        self.stop()
        self.camp.box.run("nft", "flush", "ruleset")
        self.layout.boot_id_file.write_text(f"{uuid.uuid4()}\n")
        self.start()

    @contextmanager
    def held(self) -> Iterator[None]:
        """The gate does nothing meanwhile: for whoever changes the kernel behind its back."""
        pid = self.pid
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    @property
    def pid(self) -> int:
        """The gate's process (behind the commands that entered the namespace)."""
        return self.supervisor.pids()["gate"]

    def ask(self, deed: str, ip: str | None = None) -> dict[str, Any]:
        """Ask as root."""
        return ask(self.layout, {"do": deed} | ({"ip": ip} if ip else {}), timeout=PATIENCE)

    def ask_as(self, user: str, request: dict[str, Any]) -> dict[str, Any]:
        """Ask as one of the table's users."""
        code = "import json,sys;from pathlib import Path;from appliance.layout import Layout;from appliance.gate.client import ask;"
        code += "print(json.dumps(ask(Layout.under(Path(sys.argv[1]),Path('/')),json.loads(sys.argv[2]),timeout=30)))"
        number = str(USERS[user])
        become = ["setpriv", f"--reuid={number}", f"--regid={number}", "--clear-groups", "--inh-caps=-all"]
        python = str(self.layout.code / ".venv" / "bin" / "python")
        env = {**os.environ, "PYTHONPATH": str(self.layout.code), "PYTHONDONTWRITEBYTECODE": "1"}
        done = run([*become, "--", python, "-c", code, str(self.root / "box"), json.dumps(request)], env=env)
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    def children_faults(self) -> tuple[int, list[int]]:
        """Page faults of all children ever waited for, and children now: any fork in between changes one of them (proc(5))."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return int(fields[8]), family([self.pid])

    def _sweep(self) -> None:
        if self.root.exists():
            run(["umount", str(self.root / "app")], check=False)
            if not os.path.ismount(self.root / "app"):
                shutil.rmtree(self.root)

    def close(self) -> None:
        """Everything away."""
        self.stop()
        self._sweep()
