"""DESIGN section 5, "Admitted and uplink: what each phone gets": every row of the probe table, IPv4 and IPv6, in every cell."""

from __future__ import annotations

import sys

import pytest

from provisioning.lab.internet import load_rows
from provisioning.lab.judging import TEST4, Outcome
from provisioning.lab.sites import probes
from tests.real.running_camp import ENVIRONMENT, Guest, RunningCamp, held

pytestmark = [pytest.mark.net]


def every_probe_in_both_families(outcomes: list[Outcome]) -> bool:
    """Whether no row was left out."""
    seen = {o.expect for o in held(outcomes, "probe ")}
    return all(
        any(expect.startswith(f"probe {probe.name} ") and expect.endswith(f"IPv{version}") for expect in seen)
        for probe in probes(load_rows())
        for version in (4, 6)
    )


ASK = """
from provisioning.lab import dnswire, handset, sites
print(handset.resolve(sites.WEB_HOST, dnswire.A, handset.name_servers()[0], source_port=40001).addresses[0])
"""


def asked_from_one_port(guest: Guest) -> str:
    """What the box's name server tells a phone that asks from the same port every time."""
    return guest.namespace.run(sys.executable, "-c", ASK, env=ENVIRONMENT).stdout.strip()


def test_captive_with_uplink_up_is_led_to_the_portal_and_held_back_on_every_protocol(captive_camp: RunningCamp) -> None:
    outcomes = captive_camp.guest("c1").must("join", "held", "welcome")
    assert every_probe_in_both_families(outcomes)


def test_admitted_with_uplink_up_gets_the_genuine_answers(camp: RunningCamp) -> None:
    outcomes = camp.guest("a1").must("join", "tap", "online")
    assert every_probe_in_both_families(outcomes)


def test_uplink_down_captive_is_led_to_the_portal_and_admitted_to_the_page_that_says_so(captive_camp: RunningCamp) -> None:
    admitted, captive = captive_camp.guest("a2"), captive_camp.guest("c2")
    admitted.must("join", "tap", "online")
    genuine = captive_camp.state["internet"]["web_address"]
    assert asked_from_one_port(admitted) == genuine
    captive_camp.cut()
    assert asked_from_one_port(admitted) == str(TEST4)
    assert every_probe_in_both_families(captive.must("join", "held", "welcome", "catalogue"))
    assert every_probe_in_both_families(admitted.must("offline"))
    captive_camp.restore()
    assert asked_from_one_port(admitted) == genuine  # not as the connection that the kernel remembers was answered
    assert every_probe_in_both_families(admitted.must("online"))  # and nobody tapped again


def test_rebooted_with_uplink_up_everyone_passes_without_a_tap(camp: RunningCamp) -> None:
    before, never_tapped = camp.guest("r1"), camp.guest("r2")
    before.must("join", "tap", "online")
    never_tapped.must("join", "held")
    camp.reboot()
    assert every_probe_in_both_families(before.must("online"))
    assert every_probe_in_both_families(never_tapped.must("online"))


def test_rebooted_with_uplink_down_everyone_gets_local_pages(camp: RunningCamp) -> None:
    guest = camp.guest("r3")
    guest.must("join", "tap")
    camp.cut()
    camp.reboot()
    assert every_probe_in_both_families(guest.must("offline", "welcome"))
    camp.restore()
    assert every_probe_in_both_families(guest.must("online"))
