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
LONGEST_CODE = 200
"""Characters of a code as somebody typed it."""
Deed = Literal["admit", "dismiss", "status", "erase", "take-code", "enter-code", "facts", "reload"]

_ABOUT_A_DEVICE = frozenset({"admit", "dismiss", "status", "erase", "take-code", "enter-code"})
_KEYS = {deed: {"do", "ip"} for deed in _ABOUT_A_DEVICE} | {"facts": {"do"}, "reload": {"do"}}
_KEYS["enter-code"] |= {"code"}
_RIGHTS = {
    0: frozenset(_KEYS),
    USERS["campbox-portal"]: _ABOUT_A_DEVICE | {"facts"},
    USERS["campbox-telemetry"]: frozenset({"facts"}),
    USERS["campbox-content"]: frozenset({"facts"}),
    USERS["campbox-selftest"]: frozenset({"facts"}),
}


@dataclass(frozen=True)
class Request:
    """One checked request; ``ip`` is None only for ``facts`` and ``reload``, ``code`` is what was typed for ``enter-code``."""

    do: Deed
    ip: Ip | None = None
    code: str = ""


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
    ip = _address(untrusted["ip"]) if "ip" in untrusted else None
    return Request(cast(Deed, deed), ip, _typed(untrusted.get("code", "")))


def _address(untrusted_text: Any) -> Ip:
    if not isinstance(untrusted_text, str) or len(untrusted_text) > 45:
        raise BadInput("not an address")
    return parse_ip(untrusted_text)


def _typed(untrusted_text: Any) -> str:
    if not isinstance(untrusted_text, str) or len(untrusted_text) > LONGEST_CODE:
        raise BadInput("not a code")
    return untrusted_text


def refusal(error: BadInput | Refused) -> dict[str, Any]:
    """What a caller is answered whose request was not accepted."""
    return {"ok": False, "why": "not-allowed" if isinstance(error, Refused) else "bad-request"}


def answer_line(answer: dict[str, Any]) -> bytes:
    """One answer as one line."""
    return json.dumps(answer, separators=(",", ":")).encode() + b"\n"
