"""The box's self-test in a whole camp: all well, then each thing broken in turn, and what the hub's people see of it."""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from appliance import facts, leftovers
from appliance.gate.client import ask
from appliance.run import run, spawn
from appliance.values import SELFTEST_PHONE
from provisioning.lab import needles, places, scan
from provisioning.lab.pace import patient
from provisioning.selftest.cable import PORT
from tests.real.running_camp import ENVIRONMENT, PROJECT, UP, RunningCamp, until

pytestmark = [pytest.mark.net]
LINES = (
    "power", "card", "clock", "services", "wifi", "address", "names", "portal", "closed", "ipv6", "uplink", "hub", "certificate",
    "catalogue",
)  # fmt: skip


def command(camp: RunningCamp) -> list[str]:
    """The technician's command, where the box is."""
    python = (
        str(places.APP / Path(sys.executable).relative_to(PROJECT)) if PROJECT in Path(sys.executable).parents else sys.executable
    )
    return [*camp.box.enter, python, "-m", "appliance.cli", "box", "selftest", "--root", str(camp.layout.run.parent)]


def look(camp: RunningCamp) -> dict[str, dict[str, Any]]:
    """One self-test now; its lines by name."""
    done = run([*command(camp), "--json"], env=ENVIRONMENT, check=False, timeout=patient(180))
    assert done.returncode in (0, 1), done.stderr
    told = json.loads(done.stdout)
    assert (done.returncode == 0) == (told["state"] == "passed")
    return {line["name"]: line for line in told["checks"]}


def failed(lines: dict[str, dict[str, Any]]) -> set[str]:
    """The names of those that failed; each says what to do."""
    wrong = {name for name, line in lines.items() if line["ok"] is False}
    assert all(bool(line["mend"]) == (name in wrong) and line["what"] for name, line in lines.items())
    return wrong


def well_again(camp: RunningCamp) -> None:
    """What was asleep has work to do before it answers in time again."""
    until(lambda: failed(look(camp)) == set(), UP, "all is well again")


@contextmanager
def asleep(camp: RunningCamp, *services: str) -> Iterator[None]:
    """Services that hang: they are there, and answer nothing."""
    for name in services:
        os.killpg(camp.state["services"][name], signal.SIGSTOP)
    try:
        yield
    finally:
        for name in services:
            os.killpg(camp.state["services"][name], signal.SIGCONT)


def ports(camp: RunningCamp) -> str:
    return str(camp.box.run("ip", "-br", "link").stdout)


def hub_page(camp: RunningCamp) -> str:
    return camp.hub(f"/boxes/{camp.state['box']['id']}")


def test_a_healthy_camp_passes_at_start_and_when_asked(camp: RunningCamp) -> None:
    until(lambda: facts.read(camp.layout, "selftest").get("state") == "passed", UP, "the timer's own run passes")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = run(command(camp), env=ENVIRONMENT, timeout=patient(180))
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert [line.split()[1] for line in done.stdout.splitlines()[:-1]] == list(LINES)
    assert done.stdout.splitlines()[-1].endswith("all well")
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 3
    assert failed(look(camp)) == set()


def test_its_phone_is_nobody_and_leaves_nothing_behind(camp: RunningCamp) -> None:
    before = ask(camp.layout, {"do": "facts"}, timeout=patient(30))["people_online"]
    look(camp)
    assert ask(camp.layout, {"do": "facts"}, timeout=patient(30))["people_online"] == before
    assert PORT not in ports(camp)
    neighbours = json.loads(camp.box.run("ip", "-j", "neighbour", "show", "dev", camp.state["box"]["lan_bridge"]).stdout)
    addresses = [row["dst"] for row in neighbours if row.get("lladdr") == str(SELFTEST_PHONE)]
    assert addresses, "the box has met it"
    found = scan.scan([places.ROOT], needles.of_device("the test phone", str(SELFTEST_PHONE), addresses)).finds
    assert found == (), found
    assert ask(camp.layout, {"do": "admit", "ip": addresses[0]}, timeout=patient(30)) == {"ok": False, "why": "unknown-device"}


def test_a_run_that_was_killed_leaves_a_cable_that_the_next_one_takes_away(camp: RunningCamp) -> None:
    with asleep(camp, "dnsmasq-captive"):
        begun = spawn(command(camp), env=ENVIRONMENT, stdout=-3, stderr=-3)
        until(lambda: PORT in ports(camp), patient(60), "the cable is laid")
        for pid in leftovers.running(camp.layout)["selftest"]:
            with suppress(ProcessLookupError):  # a short command of its own
                os.kill(pid, signal.SIGKILL)
        assert begun.wait(patient(60)) == 1
        assert PORT in ports(camp)
    well_again(camp)
    assert PORT not in ports(camp)


def test_a_portal_that_hangs_fails_its_line_and_the_hub_shows_it(camp: RunningCamp) -> None:
    with asleep(camp, "portal"):
        lines = look(camp)
        assert failed(lines) == {"portal"} and "portal" in lines["portal"]["mend"]
        until(lambda: lines["portal"]["what"] in hub_page(camp), UP, "the line on the dashboard")
        assert lines["portal"]["mend"].split(":")[0] in camp.hub("/incidents")
        assert "1 failed" in camp.hub("/")
    well_again(camp)
    until(lambda: "all well" in camp.hub("/") and "self-test failed" not in camp.hub("/incidents"), UP, "the mark goes")


def test_a_name_server_that_hangs_fails_what_hangs_on_it(camp: RunningCamp) -> None:
    with asleep(camp, "dnsmasq-captive"):
        lines = look(camp)
    assert failed(lines) == {"address", "ipv6"} and "dnsmasq-captive" in lines["address"]["mend"]
    assert lines["portal"]["ok"] is None


def test_a_cut_uplink_fails_what_needs_it_and_nothing_that_is_local(camp: RunningCamp) -> None:
    camp.cut()
    lines = look(camp)
    assert failed(lines) == {"uplink", "hub"}
    assert "modem" in lines["uplink"]["mend"] and "uplink" in lines["hub"]["mend"]
    camp.restore()
    well_again(camp)


def test_a_service_that_does_not_run_is_named(camp: RunningCamp) -> None:
    script = (
        "import sys, json; from pathlib import Path; from appliance.layout import Layout; from appliance.services import services; "
    )
    script += "from provisioning.selftest.facts_box import services as look; "
    script += "print(json.dumps(look(services('box', radio=True), Layout.under(Path(sys.argv[1]), Path(sys.argv[2])))))"
    done = camp.box.run(sys.executable, "-c", script, str(camp.layout.run.parent), str(places.APP), env=ENVIRONMENT)
    assert json.loads(done.stdout) == {"seen": True, "wanted": 8, "missing": ["hostapd"], "room": []}


def test_the_lines_stand_on_the_boxs_own_page_and_no_mac_does(camp: RunningCamp) -> None:
    look(camp)
    guest = camp.guest("looker")
    guest.must("join")
    page = guest.namespace.run("curl", "-s", "-m", "20", "http://camp.internal/status").stdout
    assert "Self-test" in page and all(f"{name}: " in page for name in LINES) and "To do:" not in page
    told = json.loads(guest.namespace.run("curl", "-s", "-m", "20", "http://camp.internal/status.json").stdout)
    assert told["selftest"]["state"] == "passed" and str(SELFTEST_PHONE) not in page


def test_closed_before_the_tap_also_while_everybody_passes_after_a_reboot(camp: RunningCamp) -> None:
    """During the grace a phone needs no tap; the test phone is held back even then, so the line can be judged."""
    guest = camp.guest("graced")
    guest.must("join", "tap", "online")
    camp.reboot()
    guest.must("online")
    began = time.monotonic()
    until(lambda: facts.read(camp.layout, "selftest").get("state") == "passed", UP, "the run of the new boot passes")
    print(f"passed {time.monotonic() - began:.1f} s after the box was back")
    well_again(camp)
