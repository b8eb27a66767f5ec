"""A box's web side on its own: front, portal and name servers from the service table, one phone, and a gate in memory."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import shutil
import socketserver
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from appliance import config as site_file
from appliance.config import SiteConfig
from appliance.layout import Layout
from appliance.prepare import write_configuration
from appliance.run import run
from appliance.services import SERVICES
from appliance.supervisor import Supervisor
from appliance.web.languages import BY_TAG
from provisioning.lab.netns import Namespace, connect
from provisioning.lab.pace import patient
from tests.fakes.gate import FakeGate

CODE = Path(__file__).resolve().parents[2]
ASKER = "tests/real/http_asker.py"
LAN4, LAN6 = "10.44.0.1", "fd5c:a3b0:77::1"
PHONE4, PHONE6 = "10.44.0.9", "fd5c:a3b0:77::9"
PATIENCE = patient(60.0)
_numbers = itertools.count()


@dataclass(frozen=True)
class Reply:
    """An HTTP answer; header names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @classmethod
    def parse(cls, raw: str) -> Reply:
        """Read a raw answer; nothing at all, or no HTTP, is status 0."""
        head, _, body = raw.partition("\r\n\r\n")
        first, *lines = head.split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        return cls(int(first.split()[1]) if first.startswith("HTTP/") else 0, headers, body.encode("latin-1"))


Headers = Mapping[str, str]


def get(
    path: str,
    headers: Headers | None = None,
    *,
    host: str = "camp.internal",
    to: str = LAN4,
    port: int = 80,
    method: str = "GET",
) -> dict[str, object]:
    """A request for the asker."""
    lines = [f"{name}: {value}" for name, value in (headers or {}).items()]
    return {
        "to": to,
        "port": port,
        "send": "\r\n".join([f"{method} {path} HTTP/1.1", f"Host: {host}", *lines, "Connection: close", "", ""]),
    }


def post(path: str, headers: Headers | None = None, length: int = 0) -> dict[str, object]:
    """A form without fields, or one that promises ``length`` bytes."""
    return get(path, {"Content-Length": str(length), **(headers or {})}, method="POST")


@dataclass
class Place:
    """The running thing. ``gate`` is what the portal believes to be the gate."""

    box: Namespace
    phone: Namespace
    layout: Layout
    config: SiteConfig
    python: str
    site_text: str
    gate: FakeGate = field(default_factory=FakeGate)
    supervisor: Supervisor | None = None

    def ask(self, requests: Sequence[dict[str, object]]) -> list[Reply]:
        """Send each request from the phone."""
        done = self.phone.run(sys.executable, str(CODE / ASKER), input=json.dumps(list(requests)), timeout=patient(300))
        return [Reply.parse(raw) for raw in json.loads(done.stdout)]

    def one(self, path: str, headers: Headers | None = None) -> Reply:
        """One GET from the phone."""
        return self.ask([get(path, headers)])[0]

    def start(self, names: Sequence[str]) -> None:
        """Start these services, in the table's order, after writing their configuration."""
        table = [service for service in SERVICES if service.name in names]
        self.supervisor = Supervisor(table, self.layout, python=self.python, enter=self.box.enter)
        self.supervisor.prepare()
        self.layout.config_file.write_text(self.site_text)
        write_configuration("campbox.files", self.config, self.layout)
        self.supervisor.start()

    def stop(self) -> None:
        """End everything that was started."""
        if self.supervisor is not None:
            self.supervisor.stop()

    def kill(self, name: str) -> None:
        """End a service for good, as a crash would, with its children; its socket stays or goes as it happens."""
        assert self.supervisor is not None
        child = self.supervisor.children[name]
        assert child.process is not None
        child.finished = True
        os.killpg(child.process.pid, 9)
        child.process.wait()

    def restart(self, name: str) -> None:
        """Start a killed service anew and wait until it serves."""
        assert self.supervisor is not None
        child = self.supervisor.children[name]
        child.process, child.finished, child.due = None, False, 0.0
        self.supervisor.tick()
        ready = Path(child.service.ready_path(self.layout) or "/")
        until(ready.exists)

    def logs(self) -> str:
        """Everything any service has written to its log."""
        return "".join(path.read_text(errors="replace") for path in self.layout.log.glob("*.log*"))


def until(what: Callable[[], bool], patience: float = PATIENCE) -> None:
    """Wait for something to become true."""
    deadline = time.monotonic() + patience
    while not what():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.05)


class Gates(socketserver.ThreadingUnixStreamServer):
    """A server with room for all who ask at once while its thread waits for a processor."""

    request_queue_size = 128


def _serve_gate(place: Place) -> socketserver.ThreadingUnixStreamServer:
    class Line(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(json.dumps(place.gate(json.loads(self.rfile.readline()))).encode() + b"\n")

    folder = place.layout.service_run("gate")
    folder.mkdir(parents=True, exist_ok=True)
    server = Gates(str(place.layout.socket("gate")), Line)
    place.layout.socket("gate").chmod(0o666)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def _wire(box: Namespace, phone: Namespace) -> None:
    connect(box, "lan0", phone, "wlan0")
    box.ip("link", "add", "br-lan", "type", "bridge")
    box.ip("link", "set", "lan0", "master", "br-lan")
    box.ip("link", "set", "br-lan", "up")
    for address in (f"{LAN4}/20", f"{LAN6}/64"):
        box.run("ip", "address", "add", address, "dev", "br-lan", *(["nodad"] if ":" in address else []))


@contextlib.contextmanager
def _folder() -> Iterator[tuple[Path, str]]:
    """A folder that service users can reach, the project inside it (the clone itself may stand in a 0700 home), its Python."""
    root = Path(tempfile.mkdtemp(prefix="campbox-front-", dir="/run"))
    root.chmod(0o755)
    code = root / "app"
    code.mkdir()
    run(["mount", "--bind", str(CODE), str(code)])
    python = Path(sys.executable)
    inside = code / python.relative_to(CODE) if python.is_relative_to(CODE) else python
    try:
        yield root, str(inside)
    finally:
        run(["umount", "--lazy", str(code)])
        code.rmdir()
        shutil.rmtree(root)


@contextlib.contextmanager
def front_place(
    names: Sequence[str], *, static_phone: bool = True, api_name: str | None = None, before: Callable[[Place], None] | None = None
) -> Iterator[Place]:
    """A place with these services running; all of it is gone afterwards. ``before`` is called just before they start."""
    with contextlib.ExitStack() as stack:
        root, python = stack.enter_context(_folder())
        number = f"{os.getpid()}-{next(_numbers)}"
        box = Namespace.create(f"web-box-{number}")
        stack.callback(box.destroy)
        phone = Namespace.create(f"web-phone-{number}")
        stack.callback(phone.destroy)
        _wire(box, phone)
        if static_phone:
            phone.run("ip", "address", "add", f"{PHONE4}/20", "dev", "wlan0")
            phone.run("ip", "address", "add", f"{PHONE6}/64", "dev", "wlan0", "nodad")
        text = (CODE / "examples" / "site.toml").read_text()
        text = text.replace('["ar", "fa-AF", "fr", "en"]', json.dumps(list(BY_TAG)))  # so that it offers every language
        text = text.replace('identity = "device"', 'identity = "code"')
        if api_name is not None:
            text = text.replace("[access]", f'[access]\napi_name = "{api_name}"')
        place = Place(box, phone, Layout.under(root / "box", root / "app"), site_file.parse(text), python, text)
        stack.callback(place.stop)
        gate = _serve_gate(place)
        stack.callback(gate.shutdown)
        if before is not None:
            before(place)
        place.start(names)
        yield place
