"""A gate in memory: the same questions and answers as the real socket, for tests of the portal (tests/fakes/gate_contract.py)."""

from __future__ import annotations

from typing import Any

from appliance.errors import Unreachable

SESSION = 43_200
CODE = "004212345678"
NOBODY = "10.44.7.7"
"""The one address that no device has."""


class FakeGate:
    """Callable like ``appliance.gate.client.ask`` without its layout. ``asked`` are the requests so far."""

    def __init__(self, *, uplink: str = "up", people: int = 4, seconds: int = SESSION) -> None:
        self.uplink, self.people, self.seconds = uplink, people, seconds
        self.state: dict[str, str] = {}
        self.asked: list[dict[str, Any]] = []
        self.takers = set[str]()
        self.refuses: str | None = None
        self.gone = False
        self.quota: dict[str, int] | None = None

    def __call__(self, request: dict[str, Any]) -> dict[str, Any]:
        self.asked.append(request)
        if self.gone:
            raise Unreachable("the gate does not answer", where="gate.sock")
        if self.refuses is not None:
            return {"ok": False, "why": self.refuses}
        if request["do"] == "facts":
            return self._facts()
        deed, ip = request["do"], request["ip"]
        if ip == NOBODY:
            return {"ok": False, "why": "unknown-device"}
        if deed in ("take-code", "enter-code"):
            return self._code(deed, ip, request.get("code", ""))
        if deed == "admit" and self.quota is not None and not self.quota["bytes_remaining"]:
            return {"ok": False, "why": "used-up", "renews_seconds": self.quota["renews_seconds"]}
        if deed == "admit":
            self.state[ip] = "admitted"
            return {"ok": True, "state": "admitted", "seconds_remaining": self.seconds}
        if deed in ("dismiss", "erase"):
            self.state.pop(ip, None)
            self.takers.discard(ip)
            return {"ok": True, "state": "captive"}
        return self._status(ip)

    def _facts(self) -> dict[str, Any]:
        return {
            "ok": True,
            "people_online": len(self.state),
            "uplink": self.uplink,
            "uplink_since_seconds": 600,
            "rate_down_bps": 9_500_000,
            "rate_up_bps": 1_900_000,
            "bytes_down": 3_400_000,
            "bytes_up": 120_000,
            "drops": 0,
            "backlog_bytes": 0,
            "shaper": "cake",
            "active_people": self.people,
        }

    def _code(self, deed: str, ip: str, typed: str) -> dict[str, Any]:
        if deed == "take-code":
            if ip not in self.state:
                return {"ok": False, "why": "not-connected"}
            self.takers.add(ip)
            return {"ok": True, "code": CODE}
        if "".join(typed.split()) != CODE:
            return {"ok": False, "why": "wrong-code"}
        self.state[ip] = "admitted"
        self.takers.add(ip)
        return {"ok": True, "state": "admitted", "seconds_remaining": self.seconds}

    def _status(self, ip: str) -> dict[str, Any]:
        state = self.state.get(ip, "captive")
        online = state != "captive"
        if self.uplink == "down":
            reason = "uplink-down"
        elif not online:
            reason = "captive"
        else:
            reason = "alone" if self.people == 1 else "equal"
        return {
            "ok": True,
            "state": state,
            "seconds_remaining": self.seconds if online else None,
            "bytes_down": 3_400_000 if online else 0,
            "bytes_up": 120_000 if online else 0,
            "uplink": self.uplink,
            "code": ip in self.takers,
            "quota": self.quota,
            "share": {
                "down_bps": 9_500_000 // self.people,
                "up_bps": 1_900_000 // self.people,
                "active_people": self.people,
                "reason": reason,
            },
        }
