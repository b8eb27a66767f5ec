"""What a camp must survive: killed daemons, strangers' phones, a forged catalogue, a second demo."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from functools import partial
from pathlib import Path

import pytest

from appliance import facts
from appliance.run import run, spawn
from provisioning.lab import cabling, places, scan
from provisioning.lab.handset import SCRIPT
from provisioning.lab.judging import Outcome
from provisioning.lab.netns import Namespace
from provisioning.lab.pace import patient
from provisioning.lab.topology import phone_mac
from tests.real.running_camp import ENVIRONMENT, UP, RunningCamp, start_demo, until

pytestmark = [pytest.mark.net]


def test_an_admitted_phone_loses_no_packet_while_gate_and_portal_are_killed(camp: RunningCamp) -> None:
    guest = camp.guest("steady")
    guest.must("join", "tap")
    pinging = spawn(guest.command("steady"), env=ENVIRONMENT, stdout=subprocess.PIPE)
    for _ in range(3):
        time.sleep(0.8)
        before = {name: camp.pid(name) for name in ("gate", "portal")}
        camp.kill(*before)
        until(partial(_replaced, camp, before), UP, "both are back")
    outcomes = [Outcome.from_json(line) for line in pinging.communicate(timeout=UP)[0].decode().splitlines()]
    assert outcomes and all(o.holds for o in outcomes), outcomes
    guest.must("online")  # still admitted, and the gate that came back knows it
    until(lambda: _captive(camp, guest.namespace) is False, UP, "the new gate knows the phone")


def _replaced(camp: RunningCamp, before: dict[str, int | None]) -> bool:
    """Whether every one of these services has a new process, which serves."""
    return all(camp.serves(name, but=pid) for name, pid in before.items())


def _captive(camp: RunningCamp, phone: Namespace) -> bool | None:
    """What the captive portal API tells the phone; None where the front has nothing but a page that asks for patience."""
    name = "portal.example.org"
    address = camp.state["box"]["lan_gateway"]
    trust = ["--cacert", str(places.ROOT / "trust.pem"), "--resolve", f"{name}:443:{address}"]
    said = phone.run("curl", "-s", "-f", "-m", "30", *trust, f"https://{name}/api/captive", check=False)
    return bool(json.loads(said.stdout)["captive"]) if said.returncode == 0 else None


def test_a_dead_portal_still_welcomes_everyone_in_every_language(camp: RunningCamp) -> None:
    guest = camp.guest("welcomed")
    guest.must("join")
    os.killpg(camp.state["services"]["portal"], signal.SIGSTOP)
    try:
        for language in ("ar", "fa-AF", "fr", "en"):
            said = guest.namespace.run(
                "curl", "-s", "-m", "3", "-H", f"Accept-Language: {language}", "-L", "http://camp.internal/"
            ).stdout
            assert f'lang="{language}"' in said
            assert f"/{language}/connect" in said
    finally:
        os.killpg(camp.state["services"]["portal"], signal.SIGCONT)


@pytest.fixture
def stranger(captive_camp: RunningCamp) -> Namespace:
    """A client the lab knows nothing of: a namespace, a veth end in the state file's bridge, udhcpc, curl."""
    name, box = "campbox-guest-stranger", captive_camp.state["box"]
    run(["ip", "netns", "add", name])
    cabling.give_resolver(name, "")
    run(["ip", "link", "add", "wlan0", "netns", name, "type", "veth", "peer", "name", "stranger", "netns", box["netns"]])
    run(["ip", "-n", box["netns"], "link", "set", "stranger", "master", box["lan_bridge"], "up"])
    for link in ("lo", "wlan0"):
        run(["ip", "-n", name, "link", "set", link, "up"])
    client = Namespace(name)
    client.run("busybox", "udhcpc", "-i", "wlan0", "-n", "-q", "-t", "30", "-T", "1", "-s", str(SCRIPT))
    until(partial(_has_ipv6, client), patient(60), "an address and a default route by router advertisement")
    return client


def _has_ipv6(client: Namespace) -> bool:
    """Whether there is a route, and an address to use it with: duplicate address detection (RFC 4862) takes a second more."""
    addresses = client.run("ip", "-6", "-o", "address", "show", "scope", "global").stdout
    routed = " ra " in client.run("ip", "-6", "route", "show", "default").stdout
    return routed and "inet6" in addresses and "tentative" not in addresses


def test_a_foreign_client_is_captive_before_the_tap_and_online_after_it(camp: RunningCamp, stranger: Namespace) -> None:
    web = camp.state["internet"]
    asking = ["curl", "-s", "-m", "20", "-o", "/dev/null", "-w", "%{http_code} %{redirect_url}"]
    genuine = {"-4": web["web_address"], "-6": f"[{web['web_address6']}]"}
    try:
        for family in ("-4", "-6"):
            probe = stranger.run(*asking, family, "http://connectivitycheck.gstatic.com/generate_204").stdout
            assert probe == "302 http://camp.internal/"
            direct = stranger.run(*asking, f"http://{genuine[family]}/", "-H", f"Host: {web['web_host']}").stdout
            assert direct == "302 http://camp.internal/"
            refused = stranger.run("curl", "-s", "-m", "20", family, "-k", f"https://{web['web_host']}/", check=False)
            assert refused.returncode == 7  # could not connect: refused, not timed out (28)
        tapped = stranger.run(*asking, "-X", "POST", "http://camp.internal/en/connect").stdout
        assert tapped.split()[0] in ("200", "303")
        for family in ("-4", "-6"):
            until(partial(_is_online, stranger, family), patient(60), "the genuine answer to a probe")
            said = stranger.run("curl", "-s", "-m", "20", family, f"http://{web['web_host']}/").stdout
            assert "ordinary page" in said
            trust = ["--cacert", str(places.ROOT / "trust.pem")]
            assert "ordinary page" in stranger.run("curl", "-s", "-m", "20", family, *trust, f"https://{web['web_host']}/").stdout
    finally:
        cabling.remove(stranger.name)


def _is_online(client: Namespace, family: str) -> bool:
    """Whether a probe gets its genuine answer."""
    asking = ["curl", "-s", "-m", "20", family, "-o", "/dev/null", "-w", "%{http_code}"]
    return client.run(*asking, "http://connectivitycheck.gstatic.com/generate_204", check=False).stdout == "204"


def test_a_second_demo_is_refused_and_harms_nothing(camp: RunningCamp, tmp_path: Path) -> None:
    services = camp.state["services"]
    second = start_demo(tmp_path / "output", "--phones", "1")
    assert second.wait(UP) == 1
    (line,) = (tmp_path / "output").read_text().splitlines()
    assert "already running" in line
    for name in ("gate", "nginx", "portal", "mosquitto"):
        assert camp.pid(name) == services[name]
    assert not camp.ended


def test_a_forged_catalogue_is_refused_the_old_one_stays_and_the_dashboard_says_why(camp: RunningCamp) -> None:
    guest = camp.guest("reader")
    guest.must("join")
    before = facts.read(camp.layout, "sync")
    metadata = Path(camp.state["hub"]["data_dir"]) / "hub/publish/repository/metadata"
    genuine = (metadata / "timestamp.json").read_bytes()
    forged = json.loads(genuine)
    forged["signed"]["version"] += 1
    try:
        (metadata / "timestamp.json").write_text(json.dumps(forged))
        refused = until(lambda: _refusal(camp), patient(150), "the box refuses")
        assert refused["services"] == before["services"] > 0
        assert refused["version"] == before["version"]
        guest.must("catalogue")
        why = str(refused["why"])
        until(lambda: why[:30] in camp.hub(f"/boxes/{camp.state['box']['id']}"), patient(60), "the reason on the dashboard")
    finally:
        (metadata / "timestamp.json").write_bytes(genuine)
        (camp.layout.service_run("sync") / "now").write_text("")


def _refusal(camp: RunningCamp) -> dict[str, object]:
    """What the box says of its last attempt, if it refused; it is asked for another until it does."""
    (camp.layout.service_run("sync") / "now").touch()
    told = facts.read(camp.layout, "sync")
    return told if told.get("state") == "refused" and told.get("why") else {}


def test_the_scan_of_a_living_camp_finds_what_is_planted_in_it(camp: RunningCamp) -> None:
    guest = camp.guest("planted")
    guest.must("join")
    sought = scan.devices([guest.namespace.name])
    assert scan.scan([places.ROOT], sought).finds == ()
    planted = Path(camp.state["hub"]["data_dir"]) / "hub" / "planted"
    try:
        planted.write_bytes(bytes.fromhex(phone_mac(guest.namespace.name).replace(":", "")))
        assert [Path(find.file) for find in scan.scan([places.ROOT], sought).finds] == [planted]
    finally:
        planted.unlink()
