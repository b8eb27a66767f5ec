"""What any gate answers whoever asks through its socket: the real one and the fake one pass the same body."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.fakes.gate import NOBODY

ONE, OTHER = "10.44.0.11", "10.44.0.12"
"""Two phones on the LAN."""
Ask = Callable[[dict[str, Any]], dict[str, Any]]
Kinds = dict[str, type | tuple[type, ...]]

SHARE: Kinds = {"down_bps": int, "up_bps": int, "active_people": int, "reason": str}
STATUS: Kinds = {
    "ok": bool, "state": str, "seconds_remaining": (int, type(None)), "bytes_down": int, "bytes_up": int, "uplink": str,
    "share": dict, "quota": (dict, type(None)), "code": bool,
}  # fmt: skip
FACTS: Kinds = {
    "ok": bool, "people_online": int, "uplink": str, "uplink_since_seconds": int, "rate_down_bps": int, "rate_up_bps": int,
    "bytes_down": int, "bytes_up": int, "drops": int, "backlog_bytes": int, "shaper": str, "active_people": int,
}  # fmt: skip


def has(answer: dict[str, Any], kinds: Kinds) -> bool:
    """Exactly these keys, each of its kind."""
    assert answer.keys() == kinds.keys()
    assert [key for key, value in answer.items() if not isinstance(value, kinds[key])] == []
    return True


class GateContract:
    """Give ``contract_gate``: no day's volume, codes on, ``ONE`` and ``OTHER`` captive on the LAN and known to it."""

    @pytest.fixture
    def contract_gate(self) -> Ask:
        raise NotImplementedError

    def status(self, gate: Ask, ip: str = ONE) -> dict[str, Any]:
        """What it says of a phone, looked through."""
        answer = gate({"do": "status", "ip": ip})
        assert has(answer, STATUS) and has(answer["share"], SHARE) and answer["ok"] is True
        return answer

    def test_a_captive_phone_is_told_so(self, contract_gate: Ask) -> None:
        told = self.status(contract_gate)
        assert (told["state"], told["seconds_remaining"], told["quota"], told["code"]) == ("captive", None, None, False)
        assert (told["bytes_down"], told["bytes_up"]) == (0, 0)

    def test_who_is_admitted_has_a_whole_session_and_one_who_is_dismissed_none(self, contract_gate: Ask) -> None:
        whole = {"ok": True, "state": "admitted", "seconds_remaining": 43_200}
        assert contract_gate({"do": "admit", "ip": ONE}) == whole
        assert contract_gate({"do": "admit", "ip": ONE}) == whole, "twice is as good as once"
        told = self.status(contract_gate)
        assert told["state"] == "admitted" and 43_190 <= told["seconds_remaining"] <= 43_200 and told["quota"] is None
        assert self.status(contract_gate, OTHER)["state"] == "captive"
        for deed in ("dismiss", "erase", "erase"):
            assert contract_gate({"do": deed, "ip": ONE}) == {"ok": True, "state": "captive"}
        assert self.status(contract_gate)["seconds_remaining"] is None

    def test_a_code_is_for_who_is_online_and_lets_a_second_phone_in(self, contract_gate: Ask) -> None:
        assert contract_gate({"do": "take-code", "ip": ONE}) == {"ok": False, "why": "not-connected"}
        contract_gate({"do": "admit", "ip": ONE})
        taken = contract_gate({"do": "take-code", "ip": ONE})
        assert taken.keys() == {"ok", "code"} and taken["ok"] is True
        code = taken["code"]
        assert len(code) == 12 and code.isdecimal() and self.status(contract_gate)["code"] is True
        wrong = code[:-1] + str((int(code[-1]) + 1) % 10)
        assert contract_gate({"do": "enter-code", "ip": OTHER, "code": wrong}) == {"ok": False, "why": "wrong-code"}
        let_in = contract_gate({"do": "enter-code", "ip": OTHER, "code": f"{code[:4]} {code[4:8]} {code[8:]}"})
        assert let_in.keys() == {"ok", "state", "seconds_remaining"} and let_in["state"] == "admitted"
        assert self.status(contract_gate, OTHER)["code"] is True
        contract_gate({"do": "erase", "ip": ONE})
        assert self.status(contract_gate)["code"] is False

    def test_a_device_that_it_does_not_know_is_nobody(self, contract_gate: Ask) -> None:
        for deed in ("status", "admit", "dismiss", "erase", "take-code"):
            assert contract_gate({"do": deed, "ip": NOBODY}) == {"ok": False, "why": "unknown-device"}
        assert contract_gate({"do": "enter-code", "ip": NOBODY, "code": "1"}) == {"ok": False, "why": "unknown-device"}

    def test_facts_count_people_and_name_nobody(self, contract_gate: Ask) -> None:
        contract_gate({"do": "admit", "ip": ONE})
        told = contract_gate({"do": "facts"})
        assert has(told, FACTS) and told["ok"] is True and told["people_online"] == 1
