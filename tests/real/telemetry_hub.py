"""A real mosquitto and a real ingest on loopback ports of their own, for tests."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import paho.mqtt.client as paho
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from appliance.hub_config import HubConfig
from appliance.layout import Layout
from appliance.run import spawn
from provisioning.authority import certificates
from provisioning.lab.pace import patient
from telemetry.dashboard import broker
from telemetry.dashboard.report_reader import ReportReader
from telemetry.dashboard.report_store import connect, store_file
from telemetry.mqtt import Endpoint, MqttLink
from tests.telemetry.delivery import until

CODE = Path(__file__).resolve().parents[2]


class Hub:
    """mosquitto with the hub's own configuration, and ingest, on loopback ports of their own."""

    def __init__(self, root: Path) -> None:
        self.layout = Layout.under(root, CODE)
        self.config = HubConfig(host="localhost", also_known_as=("127.0.0.1",), mqtt_port=free_port())
        for folder in (self.layout.etc, self.layout.conf, self.layout.service_run("mosquitto"), self.layout.service_run("ingest")):
            folder.mkdir(parents=True, exist_ok=True)
        certificates.prepare(self.layout, self.config)
        self.layout.hub_config_file.write_text(f'host = "localhost"\nmqtt_port = {self.config.mqtt_port}\n')
        for name, text in broker.files(self.config, self.layout).items():
            # As root it would become the user "mosquitto", who is not on this machine.
            (self.layout.conf / name).write_text(text + ("user root\n" if name.endswith(".conf") else ""))
        self.reports = connect(store_file(self.layout))
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.log = (root / "log").open("ab")

    def start_broker(self) -> None:
        self._start("mosquitto", ["mosquitto", "-c", str(self.layout.conf / "mosquitto.conf")])
        until(self._answers, "the broker listens")

    def start_ingest(self, *, dying: str = "") -> None:
        """``dying``: Python run first, which makes ingest die where a test wants it to."""
        ready = self.layout.service_run("ingest") / "ready"
        ready.unlink(missing_ok=True)
        code = f"{dying}\nfrom telemetry.dashboard import ingest\ningest.main()"
        self._start("ingest", [sys.executable, "-c", code])
        if not dying:
            until(ready.exists, "ingest is ready")

    def _start(self, name: str, command: list[str]) -> None:
        environment = {**os.environ, **self.layout.environment(), "PYTHONPATH": str(CODE)}
        self.processes[name] = spawn(command, env=environment, stdout=self.log, stderr=self.log)

    def kill(self, name: str) -> None:
        self.processes[name].kill()
        self.processes[name].wait()

    def wait_for_death(self, name: str) -> None:
        assert self.processes[name].wait(patient(180)) == -signal.SIGKILL

    def stop(self) -> None:
        for process in self.processes.values():
            process.kill()
            process.wait()
        self.reports.close()
        self.log.close()

    def words(self) -> str:
        return Path(self.log.name).read_text()

    def identity(self, box: str) -> Path:
        """A folder with this box's key, certificate and the authority, as enrolment makes it."""
        folder = self.layout.data / "boxes" / box
        if not folder.exists():
            folder.mkdir(parents=True)
            key = ec.generate_private_key(ec.SECP256R1())
            private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
            (folder / "key.pem").write_bytes(private)
            certificate = certificates.issue(self.layout, box, key.public_key(), time.time())
            (folder / "cert.pem").write_text(certificates.as_pem(certificate))
            (folder / "ca.pem").write_text(certificates.authority_pem(self.layout))
        return folder

    def link(self, box: str, death: bytes) -> MqttLink:
        return MqttLink(box, Endpoint("127.0.0.1", self.config.mqtt_port, self.identity(box)), death)

    def publish(self, box: str, topic: str, payload: bytes) -> None:
        with self.client(box) as client:
            client.publish(topic, payload, qos=1).wait_for_publish(30)

    @contextlib.contextmanager
    def client(self, box: str, *, client_id: str = "", certificate: bool = True, pair: Path | None = None) -> Iterator[paho.Client]:
        """A client of this box's that is no agent: any client id, any topic, with another key and certificate if wanted."""
        folder = self.identity(box)
        chosen = pair or folder
        client = paho.Client(
            CallbackAPIVersion.VERSION2, client_id or f"shout-{random.random()}", protocol=MQTTProtocolVersion.MQTTv311
        )
        files = (str(chosen / "cert.pem"), str(chosen / "key.pem")) if certificate else (None, None)
        client.tls_set(str(folder / "ca.pem"), *files)
        client.connect("127.0.0.1", self.config.mqtt_port, 60)
        client.loop_start()
        try:
            yield client
        finally:
            client.disconnect()
            client.loop_stop()

    def reader(self) -> ReportReader:
        return ReportReader(self.reports)

    def _answers(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.config.mqtt_port), 1):
            return True
        return False


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
