"""What the edges make of the kernel's files, with folders that stand for /sys and /proc."""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path
from typing import Any

import pytest

from appliance import clock, facts
from appliance.config import Radio
from appliance.layout import Layout
from appliance.services import services as table_of
from provisioning.selftest import facts_box, facts_hub, facts_net
from provisioning.selftest.checks import CHECKS
from tests.captive_portal.site import SITE


def put(root: Path, path: str, text: str) -> Path:
    whole = root / path
    whole.parent.mkdir(parents=True, exist_ok=True)
    whole.write_text(text)
    return whole


def verdict(name: str, found: Any) -> bool | None:
    return next(check for check in CHECKS if check.name == name).judge(found).ok


@pytest.mark.parametrize(("alarm", "ok"), [("0\n", True), ("1\n", False), (None, None)])
def test_the_alarm_of_a_pis_supply(tmp_path: Path, alarm: str | None, ok: bool | None) -> None:
    put(tmp_path, "sys/class/hwmon/hwmon0/name", "cpu_thermal\n")
    put(tmp_path, "sys/class/hwmon/hwmon0/in0_lcrit_alarm", "1\n")
    if alarm is not None:
        put(tmp_path, "sys/class/hwmon/hwmon1/name", "rpi_volt\n")
        put(tmp_path, "sys/class/hwmon/hwmon1/in0_lcrit_alarm", alarm)
    assert verdict("power", facts_box.power(tmp_path)) is ok


def card_root(root: Path, folder: Path, device: str, errors: str = "0", life: str | None = None) -> Path:
    number = folder.stat().st_dev
    link = root / "sys/dev/block" / f"{os.major(number)}:{os.minor(number)}"
    link.parent.mkdir(parents=True)
    link.symlink_to(f"../../devices/x/{device}")
    put(root, f"sys/fs/ext4/{device}/errors_count", errors)
    if life is not None:
        put(root, "sys/block/mmcblk0/device/life_time", life)
    return root


def test_a_write_comes_back_and_leaves_nothing(tmp_path: Path) -> None:
    found = facts_box.card(tmp_path, tmp_path / "nowhere")
    assert found["problem"] == "" and found["errors"] == 0 and found["worn"] is None and found["size"] >= found["free"] > 0
    assert list(tmp_path.iterdir()) == []


def test_errors_that_the_kernel_counted_and_wear_are_read(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    found = facts_box.card(folder, card_root(tmp_path / "root", folder, "mmcblk0p4", "3\n", "0x01 0x0a\n"))
    assert (found["errors"], found["worn"]) == (3, 100)


def test_a_folder_that_cannot_be_written_is_a_problem_of_the_card(tmp_path: Path) -> None:
    (tmp_path / "trial").mkdir()
    found = facts_box.card(tmp_path, tmp_path / "nowhere")
    assert found["problem"] and verdict("card", {**found, "storage": {}, "free": 10**9}) is False


TABLE = [row for row in table_of("box") if row.kind == "daemon"]
LAYOUT = Layout.under(Path("/run/x"), Path("/opt/campbox"))


@pytest.mark.parametrize("older", ["", "12:pids:/a/b\n1:name=systemd:/c\n"])
def test_in_a_units_cell_the_control_groups_tell_who_runs(tmp_path: Path, older: str) -> None:
    put(tmp_path, "proc/self/cgroup", f"{older}0::/system.slice/campbox-selftest.service\n")
    for row in TABLE:
        put(tmp_path, f"sys/fs/cgroup/system.slice/campbox-{row.name}.service/cgroup.procs", "123\n")
    assert facts_box.services(table_of("box"), LAYOUT, tmp_path) == {"seen": True, "wanted": len(TABLE), "missing": [], "room": []}
    put(tmp_path, "sys/fs/cgroup/system.slice/campbox-portal.service/cgroup.procs", "")
    (tmp_path / "sys/fs/cgroup/system.slice/campbox-gate.service/cgroup.procs").unlink()
    found = facts_box.services(table_of("box"), LAYOUT, tmp_path)
    assert set(found["missing"]) == {"portal", "gate"} and verdict("services", found) is False


def test_elsewhere_the_processes_do_and_none_seen_is_no_verdict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, "proc/self/cgroup", "0::/user.slice\n")
    assert facts_box.services(table_of("box"), LAYOUT, tmp_path)["seen"] is False
    for number, row in enumerate(TABLE, 100):
        put(tmp_path, f"proc/{number}/cmdline", "\0".join(["x", *row.argv(LAYOUT, "python")[1:], ""]))
    monkeypatch.setattr(facts_box, "_is", lambda service, layout, uid, command: facts_box_is(service, layout, service.uid, command))
    found = facts_box.services(table_of("box"), LAYOUT, tmp_path)
    assert (found["seen"], found["missing"]) == (True, [])
    (tmp_path / "proc/100/cmdline").write_text("something else")
    assert facts_box.services(table_of("box"), LAYOUT, tmp_path)["missing"] == [TABLE[0].name]


facts_box_is = facts_box._is


def test_another_users_process_does_not_count() -> None:
    row = TABLE[0]
    command = " ".join(row.argv(LAYOUT, "python"))
    assert facts_box._is(row, LAYOUT, row.uid, command) and not facts_box._is(row, LAYOUT, row.uid + 1, command)


def interface(root: Path, name: str, *, carrier: str = "1", bridge: str | None = None) -> None:
    put(root, f"{name}/carrier", carrier)
    if bridge is not None:
        (root / name / "master").symlink_to(f"../{bridge}")


def test_the_port_of_an_external_access_point(tmp_path: Path) -> None:
    assert facts_net.wifi(SITE, tmp_path)["there"] is False
    interface(tmp_path, SITE.lan.interface, bridge=SITE.lan.bridge)
    assert verdict("wifi", facts_net.wifi(SITE, tmp_path)) is True
    (tmp_path / SITE.lan.interface / "carrier").write_text("0\n")
    assert verdict("wifi", facts_net.wifi(SITE, tmp_path)) is False
    (tmp_path / SITE.lan.interface / "master").unlink()
    assert facts_net.wifi(SITE, tmp_path)["in_bridge"] is False


@pytest.mark.parametrize("access_point", [True, False])
def test_the_boxs_own_radio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, access_point: bool) -> None:
    monkeypatch.setattr(facts_net, "_is_access_point", lambda name: access_point and name == "wlan0")
    site = dataclasses.replace(SITE, radio=Radio("wlan0", "Community Wi-Fi", 6, "JO"))
    interface(tmp_path, "wlan0", bridge=site.lan.bridge)
    found = facts_net.wifi(site, tmp_path)
    assert found["kind"] == "radio" and verdict("wifi", found) is access_point


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Layout:
    monkeypatch.setattr(facts_hub, "is_up", lambda layout: False)
    layout = Layout.under(tmp_path, Path("/opt/campbox"))
    for folder in (layout.etc, layout.facts_dir, layout.identity_dir):
        folder.mkdir(parents=True)
    return layout


def test_a_box_without_a_hub_has_none_to_check(box: Layout) -> None:
    alone = dataclasses.replace(SITE, hub=None)
    for name, found in (
        ("hub", facts_hub.hub(alone, box)), ("certificate", facts_hub.certificate(alone, box)),
        ("catalogue", facts_hub.catalogue(alone, box)),
    ):  # fmt: skip
        assert verdict(name, found) is None


def test_a_card_without_identity_and_a_box_that_waits_are_told_apart(box: Layout) -> None:
    assert facts_hub.hub(SITE, box)["identity"] is False
    box.identity_file.write_text(json.dumps({"box": "camp-1", "pin": "sha256:00"}))
    facts.publish(box, "enrol", {"state": "refused", "why": "the token was used"})
    found = facts_hub.hub(SITE, box)
    assert (found["identity"], found["enrolled"], found["why"]) == (True, False, "the token was used")
    certificate = facts_hub.certificate(SITE, box)
    assert certificate["days_left"] is None and verdict("certificate", certificate) is False


@pytest.mark.parametrize("junk", [b"", b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"])
def test_a_broken_certificate_is_as_none(box: Layout, junk: bytes) -> None:
    (box.identity_dir / "cert.pem").write_bytes(junk)
    assert facts_hub.certificate(SITE, box)["days_left"] is None


def test_the_catalogue_is_what_the_sync_says(box: Layout) -> None:
    assert verdict("catalogue", facts_hub.catalogue(SITE, box)) is False
    facts.publish(box, "sync", {"state": "current", "why": "", "services": 60, "snapshot_date": "2026-11-21T10:00:00Z"})
    found = facts_hub.catalogue(SITE, box)
    assert verdict("catalogue", found) is True and found["services"] == 60


def test_the_clock_says_how_far_it_is_trusted() -> None:
    assert facts_box.clock()["trust"] == clock.now().trust
