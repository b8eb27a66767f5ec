"""W A hub's signed repository behind real TLS on the loopback address, and a box whose sync runs as its own user."""

from __future__ import annotations

import contextlib
import functools
import http.server
import json
import os
import re
import shutil
import signal
import sqlite3
import ssl
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from appliance import facts
from appliance.hub_config import HubConfig
from appliance.layout import Layout
from appliance.run import spawn
from appliance.services import SERVICES, USERS
from appliance.supervisor import Supervisor
from content_cache.catalogue_store import FILE
from content_cache.publish import publisher
from content_cache.publish.importers.report import Entry, Imported, Report
from content_cache.publish.publisher import Place
from provisioning.authority import certificates
from provisioning.lab.pace import patient
from tests.content_cache.data import many
from tests.real.open_folder import open_folder

CODE = Path(__file__).resolve().parents[2]
ROWS = {service.name: service for service in SERVICES}
_RANGE = re.compile(r"bytes=([0-9]+)-\Z")
Hook = Callable[[http.server.BaseHTTPRequestHandler], bool]


def _size(path: Path) -> int:
    """Bytes; 0 while it is not there, or has its other name by now."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _tag(path: Path) -> str:
    return f'"{path.stat().st_mtime_ns:x}-{path.stat().st_size:x}"'


class _Files(http.server.SimpleHTTPRequestHandler):
    """Static files, unless the hub's ``hook`` has answered instead."""

    hook: Hook | None = None
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if not (self.hub.hook and self.hub.hook(self)) and not self._ranged():  # type: ignore[attr-defined]
            super().do_GET()

    def end_headers(self) -> None:
        path = Path(self.translate_path(self.path))
        if path.is_file():
            self.send_header("ETag", _tag(path))
        super().end_headers()

    def _ranged(self) -> bool:
        """As nginx does it: the rest of a file, if it is still the same one (RFC 9110 section 14.2)."""
        path, asked = Path(self.translate_path(self.path)), _RANGE.match(self.headers.get("Range", ""))
        if not asked or not path.is_file() or self.headers.get("If-Range", _tag(path)) != _tag(path):
            return False
        content, at = path.read_bytes(), int(asked[1])
        self.send_response(206 if at < len(content) else 416)
        self.send_header("Content-Range", f"bytes {at}-{len(content) - 1}/{len(content)}")
        self.send_header("Content-Length", str(max(0, len(content) - at)))
        self.end_headers()
        self.wfile.write(content[at:])
        return True

    def handle(self) -> None:
        with contextlib.suppress(OSError):  # a line that was cut is what these tests are about
            super().handle()

    def log_message(self, format: str, *args: Any) -> None:
        return


class Hub:
    """Publishes for real; ``hook`` may answer a request in place of the files."""

    def __init__(self, root: Path) -> None:
        self.layout = Layout.under(root, CODE)
        certificates.prepare(self.layout, HubConfig(host="localhost", also_known_as=("127.0.0.1",)))
        publisher.ensure(self.layout)
        self.repository = Place.of(self.layout).repository
        self.hook: Hook | None = None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        folder = certificates.folder(self.layout)
        context.load_cert_chain(folder / "server.pem", folder / "server-key.pem")
        handler = type("Handler", (_Files,), {"hub": self})
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(handler, directory=str(self.repository)))
        self.server.daemon_threads = True
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"https://localhost:{self.server.server_port}/"

    def publish_advisor(self, content: bytes) -> None:
        """A Services Advisor file of the real history."""
        publisher.publish_services_advisor(self.layout, {"en": content}, site="jordan", timezone="Asia/Amman", country="JO")

    def publish(self, services: int) -> None:
        """A catalogue of so many clinics."""
        made = many(services)
        report = Report({"en": 1}, (Entry("en", 1, "1", "kept", None),))
        imported = Imported(made.records, made.translations, report, "en", ("en",), "A test", sample=False)
        publisher.publish(self.layout, imported, site="camp-1", timezone="Asia/Amman")

    def keep(self, name: str) -> None:
        """Remember the repository as it is now."""
        shutil.copytree(self.repository, self.repository.parent / name)

    def restore(self, name: str) -> None:
        """Serve the repository as it was."""
        shutil.rmtree(self.repository)
        shutil.copytree(self.repository.parent / name, self.repository)

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def place() -> Iterator[Path]:
    """Where a hub and a box of one test stand."""
    with open_folder("repository") as folder:
        yield folder


@pytest.fixture
def hub(place: Path) -> Iterator[Hub]:
    """A hub that has published nothing yet."""
    made = Hub(place / "hub")
    yield made
    made.close()


class Box:
    """An enrolled box, its folders made by the supervisor."""

    def __init__(self, root: Path, hub: Hub) -> None:
        self.layout = Layout.under(root, CODE)
        self.supervisor = Supervisor([ROWS[name] for name in ("catalogue", "sync", "enrol")], self.layout, python=sys.executable)
        self.supervisor.prepare()
        shutil.copy(CODE / "examples" / "site.toml", self.layout.config_file)
        self.enrol(hub)

    def enrol(self, hub: Hub, authority: Hub | None = None, url: str = "") -> None:
        """What enrolment leaves behind, readable for the agent's user and its group alone; ``url`` is another way to the hub."""
        folder = self.layout.identity_dir
        (folder / "catalogue.json").write_text(json.dumps({"url": url or hub.url}))
        shutil.copy(hub.repository / "metadata" / "root.json", folder / "root.json")
        (folder / "ca.pem").write_text(certificates.authority_pem((authority or hub).layout))
        for path in folder.iterdir():
            path.chmod(0o640)
            os.chown(path, USERS["campbox-telemetry"], USERS["campbox-telemetry"])

    def start(self) -> Any:
        """Sync as the service table runs it, told to look now."""
        now = self.layout.service_run("sync") / "now"
        now.touch()
        environment = {
            **self.layout.environment(),
            "PYTHONPATH": str(CODE),
            "PATH": os.environ["PATH"],
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        folder = str(self.layout.service_run("sync"))
        return spawn(self.supervisor.command(ROWS["sync"]), env={**environment, "HOME": folder, "TMPDIR": folder}, cwd=folder)

    def sync(self) -> dict[str, Any]:
        """One whole run; what it told."""
        assert self.start().wait(patient(180)) == 0
        return facts.read(self.layout, "sync")

    def sync_and_kill(self, after: float) -> None:
        """One run that ends by kill -9 after so many seconds, unless it was quicker."""
        process = self.start()
        time.sleep(after)
        process.send_signal(signal.SIGKILL)
        process.wait(patient(60))

    def sync_and_kill_while_writing(self) -> bool:
        """One run that ends by kill -9 once the new store is being written; whether it stood there half done."""
        process, beside = self.start(), self.file.with_name(f".{FILE}.new")
        while process.poll() is None and _size(beside) <= 20_000:
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
        process.wait(patient(60))
        return beside.exists()

    @property
    def file(self) -> Path:
        return self.layout.service_data("content") / FILE

    def services(self) -> int:
        """How many services the stored catalogue holds, after looking whether it is whole."""
        if not self.file.exists():
            return 0
        connection = sqlite3.connect(f"file:{self.file}?mode=ro", uri=True)
        assert connection.execute("pragma integrity_check").fetchone() == ("ok",)
        (counted,) = connection.execute("select count(*) from service").fetchone()
        (said,) = connection.execute("select services from about").fetchone()
        connection.close()
        assert counted == said
        return int(said)
