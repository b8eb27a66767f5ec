"""The words technicians read about a box and about one device."""

from __future__ import annotations

from typing import Any

import pytest

from appliance.box_status import explain_words, words

GATE = {"ok": True, "uplink": "up", "people_online": 12, "shaper": "htb"}
SHARE = {"down_bps": 2_500_000, "up_bps": 500_000, "active_people": 4, "reason": "equal"}


def state(**changes: Any) -> dict[str, Any]:
    services = {"gate": {"kind": "daemon", "pids": [7]}, "enrol": {"kind": "timer", "pids": []}}
    return {"whole": True, "site": "north", "services": services, "gate": GATE, "facts": {}} | changes


def test_a_whole_box_says_so_first() -> None:
    assert words(state())[0] == "north: everything runs"
    assert "uplink up, 12 online, shaped by htb" in words(state())


def test_a_daemon_that_does_not_run_stands_out_and_a_timer_does_not() -> None:
    down = state(whole=False, services={"gate": {"kind": "daemon", "pids": []}, "enrol": {"kind": "timer", "pids": []}})
    text = "\n".join(words(down))
    assert "something does not run" in text
    assert text.count("DOES NOT RUN") == 1


def test_a_refused_enrolment_is_told_with_its_reason() -> None:
    told = words(state(facts={"enrol": {"state": "refused", "why": "the token has expired"}}))
    assert told[-1] == "enrol: refused: the token has expired"


def test_a_silent_gate_is_told() -> None:
    assert "gate: the gate does not answer" in words(state(gate={"ok": False, "why": "the gate does not answer"}))


def test_n1_it_says_that_the_provider_wants_a_login_or_money() -> None:
    told = state()
    told["gate"] = {**GATE, "uplink": "down"}
    assert "uplink down, 12 online, shaped by htb" in words(told)
    told["facts"] = {"gate": {"uplink": "down", "why": "portal"}}
    assert "uplink down: the provider wants a login or money, 12 online, shaped by htb" in words(told)


@pytest.mark.parametrize("reason", ["equal", "alone", "uplink-down"])
def test_a_device_online_is_explained_with_time_share_and_why(reason: str) -> None:
    answer = {"state": "admitted", "seconds_remaining": 3_660, "share": SHARE | {"reason": reason}, "uplink": "up"}
    text = "\n".join(explain_words("10.44.0.9", answer))
    assert "10.44.0.9 is online" in text and "1 h 1 min" in text and "2.5 Mbit/s down and 0.5 up" in text
    assert "because" in text and "4 people" in text


def test_a_captive_device_is_said_to_be_held_back_without_a_share_of_nothing() -> None:
    answer = {"state": "captive", "seconds_remaining": None, "share": SHARE | {"reason": "captive"}, "uplink": "down"}
    assert explain_words("10.44.0.9", answer)[1:] == ["the uplink is down"]
    assert "held back" in explain_words("10.44.0.9", answer)[0]


def test_a_days_volume_is_explained_with_what_is_left_and_when_the_next_begins() -> None:
    quota = {"bytes": 500_000_000, "bytes_remaining": 120_000_000, "renews_seconds": 7_260}
    answer = {"state": "captive", "seconds_remaining": None, "uplink": "up", "quota": quota}
    assert "120 of 500 MB a day are left; the next day begins in 2 h 1 min" in explain_words("10.44.0.9", answer)
