"""Enrolment end to end: the real agent as its own user, real TLS on the loopback address, cut short wherever it can be."""

from __future__ import annotations

import contextlib
import datetime
import json
import os
import shutil
import signal
import ssl
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from flask import Flask, Response
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from appliance import facts
from appliance.box import prepare_identity
from appliance.files import write_json
from appliance.hub_config import HubConfig
from appliance.layout import Layout
from appliance.run import run, spawn
from appliance.services import SERVICES, USERS
from appliance.supervisor import Supervisor
from appliance.values import BoxId
from provisioning.authority import blueprint, certificates, desk
from provisioning.authority.store import Store
from provisioning.enrolment import TICKET_LIFE

pytestmark = [pytest.mark.net, pytest.mark.skipif(os.geteuid() != 0, reason="needs root: the agent runs as its own user")]
CODE = Path(__file__).resolve().parents[2]
[ENROL] = [service for service in SERVICES if service.name == "enrol"]


class Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None:
        return


class Hub:
    """The authority's part of a hub behind TLS, in this process; ``before_answer`` may hold an answer back."""

    def __init__(self, root: Path, names: tuple[str, ...] = ("127.0.0.1",)) -> None:
        self.layout = Layout.under(root, CODE)
        self.config = HubConfig(host="localhost", also_known_as=names)
        certificates.prepare(self.layout, self.config)
        metadata = self.layout.data / "hub" / "publish" / "repository" / "metadata"
        metadata.mkdir(parents=True)
        (metadata / "1.root.json").write_text('{"signed": {}}')
        self.hold: dict[str, threading.Event] = {}
        self.reached: dict[str, threading.Event] = {"/ca.pem": threading.Event(), "/enrol/v1": threading.Event()}
        self.server = self._serve()
        self.port = self.server.server_port

    def _serve(self) -> BaseWSGIServer:
        app = Flask("hub")
        blueprint.register(app, self.config, self.layout)
        app.add_url_rule("/ca.pem", view_func=lambda: Response(certificates.authority_pem(self.layout)))
        app.after_request(self._after)
        folder = certificates.folder(self.layout)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "server.pem", folder / "server-key.pem")
        server = make_server("127.0.0.1", 0, app, threaded=True, ssl_context=context, request_handler=Quiet)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return server

    def _after(self, response: Response) -> Response:
        from flask import request

        self.reached[request.path].set()
        if request.path in self.hold:
            self.hold[request.path].wait(20)
        return response

    def ticket(self, box: str = "north-1", host: str = "localhost", now: float | None = None) -> dict[str, Any]:
        moment = time.time() if now is None else now
        return desk.make_ticket(self.layout, box=BoxId(box), site=BoxId("north"), host=host, port=self.port, now=moment)


class Box:
    """Folders of a box as the supervisor makes them, and its agent run as the service table says."""

    def __init__(self, root: Path, identity: dict[str, Any]) -> None:
        self.layout = Layout.under(root, CODE)
        self.supervisor = Supervisor([ENROL], self.layout, python=sys.executable)
        self.supervisor.prepare()
        self.give(identity)

    def give(self, identity: dict[str, Any]) -> None:
        write_json(self.layout.identity_file, identity, 0o600)
        prepare_identity(self.layout)
        (self.layout.service_run("enrol") / "patience.json").unlink(missing_ok=True)

    def start(self, *command: str) -> Any:
        argv = self.supervisor.command(ENROL)
        whole = [*argv[: argv.index("--") + 1], *command] if command else argv
        environment = {
            **self.layout.environment(),
            "PYTHONPATH": str(CODE),
            "PATH": os.environ["PATH"],
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        return spawn(whole, env=environment, cwd="/")

    def run(self, *command: str) -> int:
        code: int = self.start(*command).wait(60)
        return code

    @property
    def told(self) -> dict[str, Any]:
        told: dict[str, Any] = facts.read(self.layout, "enrol")
        assert "\n" not in told["why"]
        return told

    def names(self) -> set[str]:
        return {path.name for path in self.layout.identity_dir.iterdir()}

    def assert_enrolled(self, hub: Hub) -> None:
        folder = self.layout.identity_dir
        assert self.told == {"state": "enrolled", "why": ""}
        assert self.names() == {"key.pem", "cert.pem", "ca.pem", "mqtt.json", "catalogue.json", "root.json"}
        certificate = x509.load_pem_x509_certificate((folder / "cert.pem").read_bytes())
        certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(certificates.authority_pem(hub.layout).encode()))
        key = serialization.load_pem_private_key((folder / "key.pem").read_bytes(), None)
        assert certificate.public_key() == key.public_key()
        assert json.loads((folder / "mqtt.json").read_text()) == {"host": "localhost", "port": 8883}
        assert all(path.stat().st_uid == USERS["campbox-telemetry"] for path in folder.iterdir())
        assert (folder / "key.pem").stat().st_mode & 0o777 == 0o600


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that other users may enter; a pytest one is closed to them."""
    folder = Path(tempfile.mkdtemp(prefix="campbox-enrol-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def hub(place: Path) -> Iterator[Hub]:
    made = Hub(place / "hub")
    yield made
    made.server.shutdown()


def test_a_box_enrols_and_its_token_is_gone_everywhere(place: Path, hub: Hub) -> None:
    identity = hub.ticket()
    box = Box(place / "box", identity)
    assert box.run() == 0
    box.assert_enrolled(hub)
    assert run(["grep", "-rlF", identity["token"], str(place)], check=False).stdout == ""
    assert run(["grep", "-rlF", identity["pin"], str(place)]).stdout != ""


def test_an_enrolled_box_does_not_ask_again(place: Path, hub: Hub) -> None:
    box = Box(place / "box", hub.ticket())
    box.run()
    before = (box.layout.identity_dir / "cert.pem").read_bytes()
    hub.reached["/ca.pem"].clear()
    assert box.run() == 0
    assert (box.layout.identity_dir / "cert.pem").read_bytes() == before
    assert not hub.reached["/ca.pem"].is_set()


def test_a_certificate_of_nine_months_is_renewed_with_the_key_alone(place: Path, hub: Hub) -> None:
    box = Box(place / "box", hub.ticket())
    box.run()
    certificate = box.layout.identity_dir / "cert.pem"
    before, old = certificate.read_bytes(), time.time() - 270 * 86_400
    os.utime(certificate, (old, old))
    assert box.run() == 0
    assert certificate.read_bytes() != before
    box.assert_enrolled(hub)


def test_a_hub_with_another_pin_gets_no_token(place: Path, hub: Hub) -> None:
    box = Box(place / "box", hub.ticket() | {"pin": "sha256:" + "0" * 64})
    assert box.run() == 0
    assert box.told["state"] == "refused" and "pin" in box.told["why"]
    assert not hub.reached["/enrol/v1"].is_set()
    assert "cert.pem" not in box.names() and "token" in box.names()


def test_a_hub_under_a_name_that_is_not_its_own_gets_no_token(place: Path) -> None:
    hub = Hub(place / "hub", names=())
    box = Box(place / "box", hub.ticket(host="127.0.0.1"))
    assert box.run() == 0
    assert box.told["state"] == "refused" and "prove itself" in box.told["why"]
    assert not hub.reached["/enrol/v1"].is_set()
    hub.server.shutdown()


def test_a_clock_before_the_hubs_certificate_waits_with_its_token_and_completes_once_it_is_right(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a box that was switched off for long: later than this software, earlier than the hub's certificate."""
    with monkeypatch.context() as patch:
        patch.setattr(certificates, "BACKDATE", datetime.timedelta(days=-3))
        early = Hub(place / "early")
    box = Box(place / "box", early.ticket())
    assert box.run() == 0
    assert box.told["state"] == "waiting" and "not valid at this box's time" in box.told["why"]
    assert not early.reached["/enrol/v1"].is_set() and "token" in box.names() and "cert.pem" not in box.names()
    early.server.shutdown()
    hub = Hub(place / "hub")
    box.give(hub.ticket())
    assert box.run() == 0
    box.assert_enrolled(hub)
    hub.server.shutdown()


def test_an_expired_token_is_refused_with_its_reason_and_a_new_card_helps(place: Path, hub: Hub) -> None:
    box = Box(place / "box", hub.ticket(now=time.time() - TICKET_LIFE - 60))
    assert box.run() == 0
    assert box.told["state"] == "refused" and "expired" in box.told["why"]
    assert box.run() == 0  # not yet due again: it asks nobody
    box.give(hub.ticket())
    box.run()
    box.assert_enrolled(hub)


def test_a_copied_card_is_refused_and_the_operator_hears_of_it(place: Path, hub: Hub) -> None:
    identity = hub.ticket()
    first, copy = Box(place / "first", identity), Box(place / "copy", identity)
    first.run()
    copy.run()
    first.assert_enrolled(hub)
    assert copy.told["state"] == "refused" and "used before" in copy.told["why"]
    assert [(alarm.box, alarm.kind) for alarm in Store(hub.layout).alarms()] == [("north-1", "used-token-another-key")]


def test_without_a_network_it_waits_quietly_and_less_and_less_often(place: Path, hub: Hub) -> None:
    box = Box(place / "box", hub.ticket() | {"hub": {"host": "localhost", "port": 1}})
    assert box.run() == 0
    assert box.told["state"] == "waiting" and "answer" in box.told["why"]
    patience = json.loads((box.layout.service_run("enrol") / "patience.json").read_text())
    assert box.run() == 0
    assert json.loads((box.layout.service_run("enrol") / "patience.json").read_text()) == patience


@pytest.mark.parametrize("path", ["/ca.pem", "/enrol/v1"])
def test_killed_while_the_hub_answers_it_completes_with_the_same_key(place: Path, hub: Hub, path: str) -> None:
    box = Box(place / "box", hub.ticket())
    hub.hold[path] = threading.Event()
    process = box.start()
    assert hub.reached[path].wait(30)  # with /enrol/v1 the hub has used the ticket up, and the box never hears of it
    process.send_signal(signal.SIGKILL)
    process.wait()
    key = (box.layout.identity_dir / "key.pem").read_bytes()
    assert "token" in box.names() and "cert.pem" not in box.names()
    hub.hold.pop(path).set()
    assert box.run() == 0
    box.assert_enrolled(hub)
    assert (box.layout.identity_dir / "key.pem").read_bytes() == key


KILLER = """
import os, signal, sys
left = int(sys.argv[1])
def deadly(deed):
    def wrapped(*args, **kwargs):
        global left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return deed(*args, **kwargs)
    return wrapped
for name in ("replace", "unlink", "fsync"):
    setattr(os, name, deadly(getattr(os, name)))
from provisioning import box_key, hub_link, joining
joining.run()
"""


def test_killed_before_any_single_deed_on_the_disk_it_completes(place: Path, hub: Hub) -> None:
    """Kills the agent before its first, second, ... call that changes the disk, until one run is not killed any more."""
    survived = False
    for step in range(1, 200):
        box = Box(place / f"box-{step}", hub.ticket(f"box-{step}"))
        code = box.run(sys.executable, "-c", KILLER, str(step))
        assert code in (0, -signal.SIGKILL)
        survived = code == 0
        with contextlib.suppress(FileNotFoundError):
            (box.layout.service_run("enrol") / "patience.json").unlink()
        assert box.run() == 0
        box.assert_enrolled(hub)
        if survived:
            assert step > 15
            break
    assert survived
    assert Store(hub.layout).alarms() == []
