"""The way from box to hub over the real broker: TLS, certificates, kills at the worst moment. Judged in the hub's store."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion

from appliance.clock import Moment
from appliance.files import write_json
from appliance.hub_config import HubConfig
from appliance.layout import Layout
from appliance.run import spawn
from provisioning.authority import certificates
from telemetry.dashboard import broker
from telemetry.dashboard.report_reader import ReportReader
from telemetry.dashboard.report_store import connect, store_file
from telemetry.mqtt import Endpoint, MqttLink
from telemetry.outbox import Outbox
from tests.telemetry import delivery
from tests.telemetry.delivery import BOOT, LOAD, ONE, OTHER, until

pytestmark = pytest.mark.net
CODE = Path(__file__).resolve().parents[2]
SITE = (CODE / "examples" / "site.toml").read_text("utf-8")


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
        assert self.processes[name].wait(60) == -signal.SIGKILL

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


@pytest.fixture
def root() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="campbox-test-telemetry-"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def hub(root: Path) -> Iterator[Hub]:
    made = Hub(root)
    try:
        made.start_broker()
        made.start_ingest()
        yield made
    finally:
        made.stop()


def test_the_way_to_the_hub(hub: Hub, root: Path) -> None:
    """The same bodies as for the fake broker, one after the other at one hub."""
    for body in delivery.WHOLE:
        body(hub)
    delivery.what_is_measured_arrives_whole_and_leaves_the_outbox_only_then(hub, root)


@pytest.mark.parametrize("pair", ["none", "foreign"])
def test_nobody_speaks_without_a_certificate_of_the_authority(hub: Hub, root: Path, pair: str) -> None:
    foreign = Hub.__new__(Hub)
    foreign.layout = Layout.under(root / "foreign", CODE)
    certificates.prepare(foreign.layout, hub.config)
    folder = foreign.identity(ONE) if pair == "foreign" else None
    with contextlib.suppress(OSError, RuntimeError), hub.client(ONE, pair=folder, certificate=pair != "none") as stranger:
        stranger.publish(f"campbox/v1/{ONE}/up/t", delivery.batch(ONE, (1, {LOAD: 1})), qos=1).wait_for_publish(3)
    hub.publish(ONE, f"campbox/v1/{ONE}/up/t", delivery.batch(ONE, (2, {LOAD: 1})))
    until(lambda: (BOOT, 2) in hub.reader().keys(ONE), "the allowed message arrives")
    assert hub.reader().keys(ONE) == [(BOOT, 2)]


def test_no_box_takes_over_the_session_of_ingest_by_its_client_id(hub: Hub) -> None:
    with hub.client(OTHER, client_id="hub-ingest") as intruder:
        intruder.publish(f"campbox/v1/{OTHER}/up/t", delivery.batch(OTHER, (1, {LOAD: 1})), qos=1).wait_for_publish(30)
        until(lambda: hub.reader().keys(OTHER) != [], "ingest still takes messages")


def test_a_box_reads_nothing_but_its_own_answers(hub: Hub) -> None:
    heard: list[str] = []
    with hub.client(OTHER) as spy:
        spy.on_message = lambda _client, _data, message: heard.append(message.topic)
        for topic in ("#", "campbox/#", f"campbox/v1/{ONE}/#", "campbox/v1/+/down/#", f"campbox/v1/{OTHER}/down/#", "$SYS/#"):
            assert spy.subscribe(topic, 1)[0] == MQTTErrorCode.MQTT_ERR_SUCCESS
        hub.publish(ONE, f"campbox/v1/{ONE}/up/t", delivery.batch(ONE, (1, {LOAD: 1})))
        until(lambda: hub.reader().keys(ONE) != [], "the other's message arrives")
        spy.publish(f"campbox/v1/{OTHER}/up/t", delivery.batch(OTHER, (2, {LOAD: 1})), qos=1)
        until(lambda: f"campbox/v1/{OTHER}/down/ack" in heard, "its own acknowledgement arrives")
    assert set(heard) == {f"campbox/v1/{OTHER}/down/ack"}


BEFORE_COMMIT = """
import os, signal
from telemetry.dashboard.report_store import ReportStore
ReportStore.take_batch = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
"""
BEFORE_ACKNOWLEDGING = """
import os, signal
import paho.mqtt.client
paho.mqtt.client.Client.ack = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize(("dying", "kept"), [(BEFORE_COMMIT, 0), (BEFORE_ACKNOWLEDGING, 2)], ids=["commit", "acknowledging"])
def test_ingest_killed_before(dying: str, kept: int, hub: Hub) -> None:
    """kill -9 between receiving and committing, and between committing and acknowledging: nothing lost, nothing twice."""
    hub.kill("ingest")
    hub.start_ingest(dying=dying)
    hub.publish(ONE, f"campbox/v1/{ONE}/up/t", delivery.batch(ONE, (1, {LOAD: 1}), (2, {LOAD: 2})))
    hub.wait_for_death("ingest")
    assert len(hub.reader().keys(ONE)) == kept
    hub.start_ingest()
    hub.publish(ONE, f"campbox/v1/{ONE}/up/t", delivery.batch(ONE, (3, {LOAD: 3})))
    until(lambda: (BOOT, 3) in hub.reader().keys(ONE), "what comes after arrives")
    assert [sequence for _, sequence in hub.reader().keys(ONE)] == [1, 2, 3]


def test_a_broker_that_is_killed_and_comes_back_is_found_again(hub: Hub, root: Path) -> None:
    outbox = Outbox(root / "outbox.sqlite")
    moment = Moment(1_800_000_000.0, 60.0, "floor")
    station = delivery.agent(hub, ONE, outbox)
    until(lambda: len(hub.reader().keys(ONE)) == 1, "the first row arrives", station.step)
    hub.kill("mosquitto")
    kept = [outbox.add(BOOT, moment, {LOAD: n}) for n in range(30)]
    until(lambda: not station.connected, "the agent notices", station.step)
    assert outbox.count() == 30
    hub.start_broker()
    until(lambda: outbox.count() == 0, "the outbox empties", station.step)
    assert [sequence for _, sequence in hub.reader().keys(ONE)][1:] == kept
    station.stop()


def test_a_box_that_is_cut_off_is_told_by_the_broker(hub: Hub, root: Path) -> None:
    station = delivery.agent(hub, ONE, Outbox(root / "outbox.sqlite"))
    until(lambda: (hub.reader().box(ONE) or {}).get("online", False), "the birth is told", station.step)
    link = station.link
    assert isinstance(link, MqttLink)
    link._client.reconnect_delay_set(1, 1)
    connection = link._client.socket()
    assert connection is not None
    connection.shutdown(socket.SHUT_RDWR)
    until(lambda: not hub.reader().boxes()[0]["online"], "the will is told")
    until(lambda: hub.reader().boxes()[0]["online"], "the birth is told again", station.step)
    station.stop()


def test_the_agent_as_a_process_reports_and_goes_live_when_somebody_looks(hub: Hub, root: Path) -> None:
    layout = Layout.under(root / "box", CODE)
    for folder in (layout.etc, layout.facts_dir, layout.service_data("telemetry")):
        folder.mkdir(parents=True)
    layout.config_file.write_text(SITE)
    layout.boot_id_file.write_text(f"{uuid.uuid4()}\n")
    write_json(layout.identity_file, {"box": ONE, "site": "camp-north-1"})
    write_json(layout.facts("sync"), {"state": "refused", "why": "the signature is wrong", "version": 3})
    environment = {**os.environ, **layout.environment(), "PYTHONPATH": str(CODE), "CAMPBOX_TELEMETRY_INTERVAL": "1"}
    process = spawn([sys.executable, "-m", "telemetry.agent"], env=environment, stdout=hub.log, stderr=hub.log)
    try:
        until(lambda: (layout.service_data("telemetry") / "outbox.sqlite").exists(), "it measures before it has enrolled")
        assert hub.reader().box(ONE) is None
        shutil.copytree(hub.identity(ONE), layout.identity_dir)
        write_json(layout.identity_dir / "mqtt.json", {"host": "127.0.0.1", "port": hub.config.mqtt_port})
        until(lambda: len(hub.reader().keys(ONE)) >= 2, "rows arrive")
        told = hub.reader().box(ONE)
        assert told is not None and told["latest"]["catalogue_why"] == "the signature is wrong"
        assert told["latest"]["memory_available"] > 0
        with connect(store_file(hub.layout)) as second:
            second.execute("INSERT INTO watched VALUES (?, ?)", (ONE, time.time() + 60))
        until(lambda: len(hub.reader().live_points(ONE, 0, 0)[1]) >= 2, "live points arrive")
        process.terminate()
        assert process.wait(30) == 0
        until(lambda: not hub.reader().boxes()[0]["online"], "its orderly end is told")
    finally:
        process.kill()
        process.wait()


OUTBOX_WRITER = """
import sys
from pathlib import Path
from appliance.clock import Moment
from telemetry.outbox import Outbox
outbox = Outbox(Path(sys.argv[1]))
while True:
    print(outbox.add(b"b" * 16, Moment(1.8e9, 60.0, "floor"), {1: 5, 20: "cake"}), flush=True)
"""


def test_an_outbox_killed_while_writing_keeps_all_it_had_confirmed(root: Path) -> None:
    path = root / "outbox.sqlite"
    for _ in range(5):
        command = [sys.executable, "-c", OUTBOX_WRITER, str(path)]
        writer = spawn(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(CODE)})
        assert writer.stdout is not None
        confirmed = [int(writer.stdout.readline()) for _ in range(random.randint(5, 60))]
        writer.kill()
        confirmed += [int(line) for line in writer.stdout.read().splitlines(keepends=True) if line.endswith("\n")]
        writer.wait()
        outbox = Outbox(path)
        found = [row.sequence for row in outbox.oldest(20_000)[1]]
        assert set(confirmed) <= set(found) and found == sorted(set(found))
        outbox.close()


def test_the_brokers_log_names_no_address(hub: Hub) -> None:
    strangers: list[Callable[[socket.socket], object]] = [
        lambda s: s.sendall(b"GET / HTTP/1.0\r\n\r\n"),
        lambda s: s.sendall(bytes(300)),
        lambda s: ssl._create_unverified_context().wrap_socket(s).sendall(b"\x10\xff\xff\xff\x7f"),
    ]
    for shout in strangers:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", hub.config.mqtt_port), 5) as stranger:
            shout(stranger)
            stranger.settimeout(2)
            stranger.recv(100)
    hub.publish(ONE, f"campbox/v1/{ONE}/up/t", b"nonsense")
    until(lambda: delivery.refusals(hub) != {}, "the broker still works")
    assert "127.0.0.1" not in hub.words()
