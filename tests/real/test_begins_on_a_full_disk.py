"""Services that begin while the box's disk is full, as their own programs: one line, no end, and they go on once there is room."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from appliance import facts
from appliance.files import write_json
from appliance.layout import Layout
from appliance.run import spawn
from appliance.services import services
from appliance.supervisor import Supervisor
from provisioning.lab.pace import patient
from tests.real.refusing_disk import Memory, wait_for

pytestmark = [pytest.mark.net, pytest.mark.loopback]
PROJECT = Path(__file__).resolve().parents[2]
PIN = f"sha256:{'0' * 64}"


class Box:
    """A box whose data stands on a disk of its own. Its hub is a port of this machine where nobody listens."""

    def __init__(self, folder: Path) -> None:
        self.disk = Memory(folder, "data")
        self.layout = Layout(folder / "etc", folder / "run", self.disk.top, folder / "log", PROJECT)
        for made in (self.layout.etc, self.layout.facts_dir, self.layout.log, self.layout.identity_dir):
            made.mkdir(parents=True)
        for service in ("telemetry", "enrol"):
            self.layout.service_run(service).mkdir()
        self.layout.service_data("telemetry").mkdir()
        self.layout.config_file.write_text((PROJECT / "examples" / "site.toml").read_text("utf-8"))
        self.layout.boot_id_file.write_text("0d2e4c1e-0000-4000-8000-000000000001\n")
        identity = {"box": "box-1", "site": "camp-1", "hub": {"host": "127.0.0.1", "port": 9}, "pin": PIN}
        write_json(self.layout.identity_file, identity)
        (self.layout.identity_dir / "token").write_text("token\n")

    def begin(self, *module: str) -> subprocess.Popen[str]:
        """The program of a service."""
        environment = {**os.environ, **self.layout.environment(), "CAMPBOX_TELEMETRY_INTERVAL": "1"}
        log = (self.layout.log / "log").open("w")
        return spawn([sys.executable, "-m", *module], env=environment, cwd=PROJECT, stdout=log, stderr=log, text=True)

    @property
    def log(self) -> str:
        """What it has said so far."""
        return (self.layout.log / "log").read_text()


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    made = Box(tmp_path)
    yield made
    made.disk.leave()


def test_telemetry_waits_for_room_and_counts_what_is_lost(box: Box) -> None:
    def rows() -> int:
        with closing(sqlite3.connect(box.layout.service_data("telemetry") / "outbox.sqlite")) as db:
            return int(db.execute("SELECT count(*) FROM sqlite_master WHERE name = 'rows'").fetchone()[0]) and int(
                db.execute("SELECT count(*) FROM rows").fetchone()[0]
            )

    with box.disk.full():
        agent = box.begin("telemetry.agent")
        wait_for(lambda: facts.read(box.layout, "telemetry").get("state") == "waiting", patient(30))
        assert agent.poll() is None and "Traceback" not in box.log
    try:
        wait_for(lambda: facts.read(box.layout, "telemetry").get("state") == "storing", patient(30))
        wait_for(lambda: rows() > 0, patient(30))
        assert facts.read(box.layout, "telemetry")["lost"] >= 1 and agent.poll() is None
    finally:
        agent.terminate()
        agent.wait()


def test_enrolment_says_that_it_cannot_keep_a_key_and_asks_nobody(box: Box) -> None:
    told = str(box.layout.facts("enrol"))
    with box.disk.full():
        assert box.begin("provisioning.agent", str(box.layout.identity_dir), told).wait(patient(60)) == 0
        assert facts.read(box.layout, "enrol")["state"] == "waiting" and "No space left" in facts.read(box.layout, "enrol")["why"]
        assert "Traceback" not in box.log and not (box.layout.identity_dir / "key.pem").exists()
    (box.layout.service_run("enrol") / "patience.json").unlink(missing_ok=True)
    assert box.begin("provisioning.agent", str(box.layout.identity_dir), told).wait(patient(60)) == 0
    assert (box.layout.identity_dir / "key.pem").exists() and "the hub does not answer" in facts.read(box.layout, "enrol")["why"]
    assert (box.layout.identity_dir / "token").read_text() == "token\n"


def test_a_box_is_prepared_on_a_disk_that_has_become_read_only(box: Box) -> None:
    supervisor = Supervisor(services("box", hub=True), box.layout, python=sys.executable)
    supervisor.prepare()
    data = [box.layout.service_data(name) for child in supervisor.children.values() for name in child.service.owns]
    assert data
    half = data[0] / ".memory.json.new"
    half.write_text("half")
    with box.disk.read_only():
        supervisor.prepare()
    supervisor.prepare()
    assert not half.exists(), "what was half written goes at the next start"
