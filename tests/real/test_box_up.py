"""``campbox box up`` as a technician starts it: a real process on real interfaces (veth ends in a namespace), and every refusal."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from appliance import facts, leftovers
from appliance.run import run, spawn
from provisioning.lab.pace import patient
from tests.real import up_place
from tests.real.up_place import CAMPBOX, ENVIRONMENT, LEASED, SITE, Place, end, wait_until_up

pytestmark = [pytest.mark.net, pytest.mark.skipif(os.geteuid() != 0, reason="needs root: it makes network namespaces")]
place = up_place.place


def test_a_phone_on_the_lan_port_leases_is_led_to_the_portal_and_the_stop_is_orderly(place: Place) -> None:
    process = place.up(place.site())
    try:
        wait_until_up(process)
        script = place.root / "leased.sh"
        script.write_text(LEASED)
        script.chmod(0o755)
        told = place.phone.run("busybox", "udhcpc", "-i", "eth0", "-q", "-n", "-t", "30", "-T", "1", "-s", str(script)).stdout
        lease = next(line for line in told.splitlines() if line.startswith("leased 10.44.")).split()
        assert lease[3] == "10.44.0.1"
        assert "302" in (answer := place.curl("connectivitycheck.gstatic.com", "/generate_204"))
        assert "Location: http://camp.internal/" in answer
        assert "Test camp" in place.curl("camp.internal", "/en/")

        state = json.loads(place.ask("status", "--json").stdout)
        assert state["whole"] is True, state
        assert set(state["services"]) >= {"gate", "nginx", "portal", "catalogue", "dnsmasq-captive", "dnsmasq-admitted"}
        assert "held back" in place.ask("explain", lease[1]).stdout

        second = place.up(place.site())
        told, _ = second.communicate(timeout=patient(180))
        assert second.returncode == 1 and "already running" in told
    finally:
        code = end(process)
    assert code == 0
    assert leftovers.running(place.layout) == {}
    assert place.ask("status").returncode == 1


def test_a_start_after_kill_9_ends_what_was_left_and_comes_up(place: Place) -> None:
    process = place.up(place.site())
    wait_until_up(process)
    end(process, signal.SIGKILL)
    orphans = {pid for pids in leftovers.running(place.layout).values() for pid in pids}
    assert len(orphans) >= 5
    process = place.up(place.site())
    try:
        wait_until_up(process)
        now = {pid for pids in leftovers.running(place.layout).values() for pid in pids}
        assert now and not now & orphans
    finally:
        end(process)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (SITE + "colour = 3\n", "site.toml:17: unknown key 'colour' in [uplink]"),
        (SITE.replace("10.44.0.1/20", "10.44.0.300/20"), "site.toml:11: address: '10.44.0.300/20' is not an IPv4 address"),
        (SITE + '[[uplink]]\ninterface = "wan0"\ndown = "1mbit"\nup = "1mbit"\n', "wan0 is already used"),
        (SITE + "[catalogue]\nsample = true\n", "sample = true outside the demo"),
    ],
)
def test_a_wrong_site_file_is_one_line_and_exit_2(place: Place, text: str, said: str) -> None:
    code, lines = place.refused(place.site(text))
    assert (code, len(lines)) == (2, 1), lines
    assert said in lines[0]


@contextmanager
def listening(place: Place, family: str, kind: str, address: str, port: int) -> Iterator[None]:
    """Another program of this machine that holds a port."""
    begin = "s.listen();" if kind == "SOCK_STREAM" else ""
    code = f"import socket, time; s = socket.socket(socket.{family}, socket.{kind}); s.bind(('{address}', {port})); {begin} print()"
    argv = [sys.executable, "-u", "-c", f"{code}; time.sleep(120)"]
    process = place.machine.spawn(argv, stdout=subprocess.PIPE)
    try:
        assert process.stdout.readline() == b"\n", "it could not listen"
        yield
    finally:
        process.kill()
        process.communicate()


def test_a_port_in_use_is_named_with_its_program_before_anything_starts(place: Place) -> None:
    with listening(place, "AF_INET", "SOCK_STREAM", "0.0.0.0", 80):
        code, lines = place.refused(place.site())
    assert (code, len(lines)) == (1, 1), lines
    assert "tcp port 80 at 0.0.0.0: in use by python" in lines[0] and "nginx needs it" in lines[0]


def test_missing_interfaces_are_named_together_and_nothing_is_changed(place: Place) -> None:
    before = links(place)
    code, lines = place.refused(place.site(SITE.replace("lan0", "lan7").replace("wan0", "wan7")))
    assert (code, len(lines)) == (1, 2), lines
    assert "no interface lan7" in lines[0] and "no interface wan7" in lines[1]
    assert links(place) == before


def links(place: Place) -> list[tuple[object, ...]]:
    """What a command could change of the interfaces; whether a new cable carries already, the kernel says up to a second later."""
    told = json.loads(place.machine.run("ip", "-j", "-d", "link").stdout)
    return [tuple(one.get(key) for key in ("ifname", "address", "mtu", "qdisc", "master", "linkinfo")) for one in told]


def test_a_full_disk_is_named_before_anything_starts(place: Place) -> None:
    folder = place.root / "box"
    folder.mkdir()
    run(["mount", "-t", "tmpfs", "-o", "size=50m", "tmpfs", str(folder)])
    try:
        code, lines = place.refused(place.site())
    finally:
        run(["umount", str(folder)])
    assert (code, len(lines)) == (1, 1), lines
    assert "MB free, 200 are needed" in lines[0] and str(folder) in lines[0]


def test_the_machines_own_line_is_not_given_away(place: Place) -> None:
    code, lines = place.refused(place.site(SITE.replace("lan0", "x").replace("wan0", "lan0").replace('"x"', '"wan0"')))
    assert code == 1
    assert "wan0 carries this machine's default route" in lines[0]


def test_a_port_in_use_elsewhere_on_the_machine_does_not_matter(place: Place) -> None:
    """systemd-resolved listens at 127.0.0.53:53 on most machines."""
    with listening(place, "AF_INET", "SOCK_DGRAM", "127.0.0.53", 53):
        process = place.up(place.site())
        wait_until_up(process)
        assert end(process) == 0


@pytest.mark.parametrize(("family", "address"), [("AF_INET", "127.0.0.1"), ("AF_INET6", "::"), ("AF_INET6", "::1")])
def test_listeners_are_seen_under_their_addresses(place: Place, family: str, address: str) -> None:
    with listening(place, family, "SOCK_STREAM", address, 443):
        asked = place.machine.run(sys.executable, "-m", "appliance.preflight_facts", str(place.site()), env=ENVIRONMENT)
    found = [one for one in json.loads(asked.stdout)["listeners"] if one["port"] == 443]
    assert [(one["protocol"], one["address"]) for one in found] == [("tcp", address)]
    assert found[0]["program"].startswith("python")


def test_this_machine_has_every_kernel_feature_and_a_trial_that_fails_is_noticed(place: Place) -> None:
    asked = place.machine.run(sys.executable, "-m", "appliance.preflight_facts", str(place.site()), env=ENVIRONMENT)
    assert json.loads(asked.stdout)["missing_features"] == []
    broken = "import appliance.preflight_facts as p; p._NFT_TRIALS['rejecting'] = 'no'; print(list(p._missing_features()))"
    assert place.machine.run(sys.executable, "-c", broken, env=ENVIRONMENT).stdout.strip() == "['rejecting']"


@pytest.fixture
def hub(place: Place) -> Iterator[Path]:
    """A hub at the far end of the uplink, started as its operator does."""
    config = place.root / "hub.toml"
    config.write_text('host = "hub.test"\nalso_known_as = ["192.0.2.1"]\nhttps_port = 8443\n')
    argv = [*place.net.enter, *CAMPBOX, "hub", "up", "--config", str(config), "--root", str(place.root / "hub")]
    process: subprocess.Popen[Any] = spawn(argv, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        wait_until_up(process, "Ctrl-C stops")
        yield place.root / "hub"
    finally:
        end(process)


def test_a_box_with_a_ticket_enrols_at_a_hub_by_itself(place: Place, hub: Path) -> None:
    site = place.site(SITE + '[hub]\nhost = "192.0.2.1"\n')
    identity = place.root / "identity.json"
    ticket = ["enrol", "ticket", "--site", str(site), "--port", "8443", "--hub-root", str(hub), "--output", str(identity), "--json"]
    told = json.loads(run([*CAMPBOX, *ticket], env=ENVIRONMENT).stdout)
    assert told["box"] == "up-1" and "token" not in told
    assert identity.stat().st_mode & 0o777 == 0o600
    process = place.up(site, "--identity", str(identity))
    try:
        wait_until_up(process)
        deadline = time.monotonic() + patient(180)
        while (enrol := facts.read(place.layout, "enrol")).get("state") != "enrolled":
            assert time.monotonic() < deadline, (enrol, (place.layout.log / "enrol.log").read_text())
            time.sleep(0.2)
        assert "enrol: enrolled" in place.ask("status").stdout
    finally:
        end(process)
    names = {path.name for path in place.layout.identity_dir.iterdir()}
    assert {"key.pem", "cert.pem", "ca.pem", "mqtt.json", "catalogue.json", "root.json"} <= names and "token" not in names
    assert "token" not in json.loads(place.layout.identity_file.read_text())
    listed = run([*CAMPBOX, "enrol", "list", "--hub-root", str(hub)], env=ENVIRONMENT).stdout
    assert listed.split()[:2] == ["up-1", "enrolled"]
