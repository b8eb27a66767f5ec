"""W The authority's part of a hub behind real TLS on the loopback address, and a box whose agent runs as its own user."""

from __future__ import annotations

import json
import os
import ssl
import sys
import threading
import time
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from flask import Flask, Response, request
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from appliance import facts
from appliance.box import prepare_identity
from appliance.files import write_json
from appliance.hub_config import HubConfig
from appliance.layout import Layout
from appliance.run import spawn
from appliance.services import SERVICES, USERS
from appliance.supervisor import Supervisor
from appliance.values import BoxId
from provisioning.authority import blueprint, certificates, desk
from provisioning.lab.pace import patient

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
        self.reached[request.path].set()
        if request.path in self.hold:
            self.hold[request.path].wait(patient(60))
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
        code: int = self.start(*command).wait(patient(180))
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
