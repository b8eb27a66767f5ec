"""The way from box to hub over the real broker: TLS, certificates, kills at the worst moment. Judged in the hub's store."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import socket
import ssl
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from paho.mqtt.enums import MQTTErrorCode

from appliance.clock import Moment
from appliance.files import write_json
from appliance.layout import Layout
from appliance.run import spawn
from provisioning.authority import certificates
from provisioning.lab.pace import patient
from telemetry.dashboard.report_store import connect, store_file
from telemetry.mqtt import MqttLink
from telemetry.outbox import Outbox
from tests.real.open_folder import open_folder
from tests.real.telemetry_hub import CODE, Hub
from tests.telemetry import delivery
from tests.telemetry.delivery import BOOT, LOAD, ONE, OTHER, until

pytestmark = [pytest.mark.net, pytest.mark.loopback]
SITE = (CODE / "examples" / "site.toml").read_text("utf-8")


@pytest.fixture
def root() -> Iterator[Path]:
    with open_folder("telemetry") as folder:
        yield folder


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
    # Started in the background of a shell, where Ctrl-C is ignored from the start.
    command = ["env", "--ignore-signal=INT", sys.executable, "-m", "telemetry.agent"]
    process = spawn(command, env=environment, stdout=hub.log, stderr=hub.log)
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
            second.execute("INSERT INTO watched VALUES (?, ?)", (ONE, time.time() + 600))
        until(lambda: len(hub.reader().live_points(ONE, 0, 0)[1]) >= 2, "live points arrive")
        process.terminate()
        assert process.wait(patient(180)) == 0
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
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", hub.config.mqtt_port), patient(5)) as stranger:
            shout(stranger)
            stranger.settimeout(2)
            stranger.recv(100)
    hub.publish(ONE, f"campbox/v1/{ONE}/up/t", b"nonsense")
    until(lambda: delivery.refusals(hub) != {}, "the broker still works")
    assert "127.0.0.1" not in hub.words()
