"""Every line of the self-test can pass and can fail, and a failing one says what to do next."""

from __future__ import annotations

from typing import Any

import pytest

from provisioning.selftest.checks import CHECKS, failed, line, result, words
from provisioning.selftest.outcome import LONGEST, Outcome, nothing
from provisioning.selftest.outcome import failed as bad
from provisioning.selftest.outcome import passed as good

PHONE: dict[str, Any] = {
    "problem": "", "lease": True, "router_right": True, "server_right": True, "gateway": True, "probe_name": True,
    "portal_name": True, "probe_status": 302, "probe_leads_home": True, "page_status": 200, "portal_status": 200,
    "https": "reset", "quic": "unreachable", "advertised": True, "prefix_right": True,
}  # fmt: skip
UPLINK = {"interface": "eth1", "there": True, "carrier": True, "route": True, "resolved": True, "connected": True}
HUB = {
    "wanted": True, "identity": True, "enrolled": True, "state": "enrolled", "why": "", "uplink": True, "host": "hub.example.org",
    "pin_right": True, "reached": "yes",
}  # fmt: skip
WELL: dict[str, dict[str, Any]] = {
    "power": {"low": False},
    "card": {
        "read_only": False, "free": 5_000_000_000, "size": 8_000_000_000, "problem": "", "seconds": 0.1, "errors": 0, "worn": 10,
        "storage": {"state": "ready", "why": ""},
    },
    "clock": {"trust": "synced"},
    "services": {"seen": True, "wanted": 7, "missing": [], "room": []},
    "wifi": {"kind": "radio", "interface": "wlan0", "there": True, "in_bridge": True, "carrier": True, "access_point": True},
    "phone": PHONE,
    "uplink": UPLINK,
    "hub": HUB,
    "certificate": {"wanted": True, "days_left": 300, "not_yet": False, "why": ""},
    "catalogue": {"wanted": True, "services": 60, "date": "2026-11-21T10:00:00Z", "state": "current", "why": ""},
}  # fmt: skip
"""Source -> the facts of a box on which all is well."""
BROKEN: dict[str, list[tuple[dict[str, Any], str]]] = {
    "power": [({"low": True}, "voltage")],
    "card": [
        ({"read_only": True}, "read-only"), ({"errors": 3}, "3 errors"), ({"worn": 90}, "90 %"), ({"free": 1_000_000}, "only 1 MB"),
        ({"problem": "Input/output error"}, "Input/output error"), ({"seconds": 30.0}, "30 s"),
        ({"storage": {"state": "memory", "why": "there is no data partition"}}, "no data partition"),
    ],
    "clock": [({"trust": "none"}, "before the day")],
    "services": [
        ({"missing": ["portal", "nginx"]}, "portal, nginx"),
        ({"room": ["net/ipv4/neigh/default/gc_thresh3"]}, "net.ipv4.neigh.default.gc_thresh3 is too low"),
    ],
    "wifi": [
        ({"there": False}, "no radio wlan0"), ({"there": False, "kind": "external"}, "no interface"),
        ({"in_bridge": False}, "network"),
        ({"access_point": False}, "no access point"), ({"kind": "external", "carrier": False}, "cable"),
    ],
    "address": [
        ({"problem": "no such bridge"}, "no such bridge"), ({"lease": False}, "no address"),
        ({"router_right": False}, "another router"),
        ({"server_right": False}, "another router"), ({"gateway": False}, "ARP"),
    ],
    "names": [({"problem": "x"}, "x"), ({"probe_name": False}, "not answered"), ({"portal_name": False}, "own name")],
    "portal": [
        ({"problem": "x"}, "x"), ({"probe_status": None}, "not answered"), ({"probe_status": 204}, "204"),
        ({"probe_leads_home": False}, "302"), ({"page_status": None}, "no answer"), ({"page_status": 503}, "503"),
        ({"page_status": 0}, "not the whole"), ({"portal_status": 503}, "the portal itself"),
    ],
    "closed": [
        ({"problem": "x"}, "x"), ({"https": "open"}, "open"), ({"quic": "open"}, "open"), ({"https": "silent"}, "TCP 443: silent"),
        ({"quic": "silent"}, "UDP 443: silent"),
    ],
    "ipv6": [({"problem": "x"}, "x"), ({"advertised": False}, "router advertisement"), ({"prefix_right": False}, "another IPv6")],
    "uplink": [
        ({"there": False}, "no interface eth1"), ({"connected": False, "carrier": False}, "plugged in"),
        ({"connected": False, "route": False}, "no way"), ({"connected": False, "resolved": False}, "not answered"),
        ({"connected": False}, "nothing of the internet connects"), ({"connected": False, "portal": True}, "a login or money"),
    ],
    "hub": [
        ({"identity": False}, "no box"), ({"enrolled": False, "uplink": False}, "not reachable"),
        ({"enrolled": False, "state": "refused", "why": "the token was used"}, "the token was used"),
        ({"enrolled": False, "state": "waiting"}, "no answer so far"), ({"pin_right": False}, "not the one on the card"),
        ({"reached": "silent", "uplink": False}, "the internet is not"), ({"reached": "no-name"}, "name"),
        ({"reached": "refused"}, "refuses"), ({"reached": "silent"}, "does not answer"), ({"reached": "untrusted"}, "prove"),
        ({"reached": "clock"}, "time"),
    ],
    "certificate": [
        ({"days_left": None}, "none yet"), ({"days_left": None, "why": "no token"}, "no token"), ({"not_yet": True}, "clock"),
        ({"days_left": -2}, "2 days ago"), ({"days_left": 20}, "20 days"),
        ({"why": "what enrolment brought is of no use: no token"}, "of no use"),
    ],
    "catalogue": [
        ({"state": "refused", "why": "rollback"}, "rollback"),
        ({"services": 0, "state": "waiting", "why": "not enrolled"}, "enrolled"),
        ({"services": 0, "state": ""}, "no services"),
    ],
}  # fmt: skip
"""Check -> what is changed in its facts, and words that must then be told."""
ABSENT: list[tuple[str, dict[str, Any]]] = [
    ("power", {"low": None}), ("services", {"seen": False}), ("hub", {"wanted": False}), ("certificate", {"wanted": False}),
    ("catalogue", {"wanted": False}), ("names", {"lease": False}), ("portal", {"lease": False}), ("closed", {"lease": False}),
]  # fmt: skip


def judged(name: str, changed: dict[str, Any]) -> Outcome:
    check = next(check for check in CHECKS if check.name == name)
    return check.judge({**WELL[check.source], **changed})


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_a_healthy_box_passes_every_line(check: Any) -> None:
    outcome = check.judge(WELL[check.source])
    assert outcome.ok is True and outcome.what and outcome.mend == "" and check.looks_at


@pytest.mark.parametrize(
    ("name", "changed", "said"),
    [(name, *case) for name, cases in BROKEN.items() for case in cases],
)
def test_each_fault_fails_its_line_and_says_what_to_do(name: str, changed: dict[str, Any], said: str) -> None:
    outcome = judged(name, changed)
    assert outcome.ok is False and said in outcome.what
    assert outcome.mend and outcome.mend != outcome.what
    assert len(outcome.what) < LONGEST and len(outcome.mend) < LONGEST, "nothing is cut off"


def test_no_line_is_without_a_fault_of_its_own() -> None:
    assert BROKEN.keys() == {check.name for check in CHECKS} and len(CHECKS) == len(BROKEN)


@pytest.mark.parametrize(("name", "changed"), ABSENT)
def test_what_a_box_does_not_have_is_neither_well_nor_broken(name: str, changed: dict[str, Any]) -> None:
    outcome = judged(name, changed)
    assert outcome.ok is None and outcome.what and outcome.mend == ""


def test_an_uplink_that_is_down_is_the_first_to_mend() -> None:
    assert "uplink" in judged("hub", {"reached": "silent", "uplink": False}).mend
    assert "uplink" in judged("hub", {"enrolled": False, "uplink": False}).mend


def test_a_catalogue_is_well_while_the_hub_is_out_of_reach() -> None:
    assert judged("catalogue", {"state": "offline"}).ok is True


@pytest.mark.parametrize(
    ("state", "words"), [("expired", "expired"), ("held", "person"), ("pausing", "people"), ("later", "hours")]
)
def test_a_catalogue_that_waits_says_for_what(state: str, words: str) -> None:
    found = judged("catalogue", {"state": state})
    assert found.ok is True and words in found.what


def test_a_clock_that_nobody_has_confirmed_says_so() -> None:
    outcome = judged("clock", {"trust": "floor"})
    assert outcome.ok is True and "no time server" in outcome.what


def test_the_state_is_the_sum_of_the_lines() -> None:
    whole = {check.name: good("well") for check in CHECKS}
    assert result(whole, at=70.9, seconds=1.26) == {
        "state": "passed", "at": 70, "seconds": 1.3, "checks": [line(check.name, good("well")) for check in CHECKS],
    }  # fmt: skip
    assert result({**whole, "hub": bad("x", "y"), "power": nothing("z")}, at=1, seconds=1)["state"] == "failed"
    assert result({**whole, "power": nothing("z")}, at=1, seconds=1)["state"] == "passed"
    del whole["uplink"]
    running = result({**whole, "hub": bad("x", "y")}, at=1, seconds=1)
    assert running["state"] == "running" and failed(running["checks"]) == ["hub"]


def test_a_terminal_is_told_what_to_do_below_the_line() -> None:
    first, second = words(line("hub", bad("it does not answer", "Start it."))).splitlines()
    assert first.split() == ["FAILED", "hub", "it", "does", "not", "answer"] and second.strip() == "Start it."
    assert words(line("power", nothing("no sensor"))).startswith("-")
