"""P The gate's socket: a hostile line -> a checked request, and which user may ask what (DESIGN section 6 "Gate socket")."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal, cast

from appliance.errors import BadInput, Refused
from appliance.services import USERS
from appliance.values import Ip, parse_ip

LINE_LIMIT = 4_096
"""Bytes of one request, its line end included."""
Deed = Literal["admit", "dismiss", "status", "erase", "facts"]

_ABOUT_A_DEVICE = frozenset({"admit", "dismiss", "status", "erase"})
_KEYS = {deed: {"do", "ip"} for deed in _ABOUT_A_DEVICE} | {"facts": {"do"}}
_RIGHTS = {
    0: frozenset(_KEYS),
    USERS["campbox-portal"]: _ABOUT_A_DEVICE | {"facts"},
    USERS["campbox-telemetry"]: frozenset({"facts"}),
    USERS["campbox-content"]: frozenset({"facts"}),
    USERS["campbox-selftest"]: frozenset({"facts"}),
}


@dataclass(frozen=True)
class Request:
    """One checked request; ``ip`` is None only for ``facts``."""

    do: Deed
    ip: Ip | None = None


def parse(untrusted_line: bytes, uid: int) -> Request:
    """Read one line from a caller with user id ``uid``.

    Raises BadInput for anything but a known request in its exact form, Refused when this user may not ask it.
    """
    if len(untrusted_line) > LINE_LIMIT:
        raise BadInput("the line is too long")
    try:
        untrusted = json.loads(untrusted_line)
    except (ValueError, RecursionError) as error:
        raise BadInput("not a line of JSON") from error
    if not isinstance(untrusted, dict) or not isinstance(untrusted.get("do"), str):
        raise BadInput("not a request")
    deed = untrusted["do"]
    if deed not in _KEYS or set(untrusted) != _KEYS[deed]:
        raise BadInput("no such request")
    if deed not in _RIGHTS.get(uid, frozenset()):
        raise Refused("this user may not ask that")
    return Request(cast(Deed, deed), _address(untrusted["ip"]) if "ip" in untrusted else None)


def _address(untrusted_text: Any) -> Ip:
    if not isinstance(untrusted_text, str) or len(untrusted_text) > 45:
        raise BadInput("not an address")
    return parse_ip(untrusted_text)


def refusal(error: BadInput | Refused) -> dict[str, Any]:
    """What a caller is answered whose request was not accepted."""
    return {"ok": False, "why": "not-allowed" if isinstance(error, Refused) else "bad-request"}


def answer_line(answer: dict[str, Any]) -> bytes:
    """One answer as one line."""
    return json.dumps(answer, separators=(",", ":")).encode() + b"\n"
