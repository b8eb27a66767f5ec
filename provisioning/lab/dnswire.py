"""P Just enough of RFC 1035 for a phone: a question as bytes, the addresses out of an answer."""

from __future__ import annotations

import ipaddress
import struct
from dataclasses import dataclass

from appliance.errors import BadInput
from appliance.values import Ip

A, AAAA = 1, 28
NOERROR, NXDOMAIN = 0, 3


@dataclass(frozen=True)
class Answer:
    """What a server said: its return code, and the addresses (of the type asked for) with the shortest TTL among them."""

    code: int
    addresses: tuple[Ip, ...]
    ttl: int | None


def question(identifier: int, name: str, kind: int) -> bytes:
    """A recursive question for ``name``. Raises BadInput for a name that DNS cannot carry."""
    labels = [label.encode("ascii", "replace") for label in name.rstrip(".").split(".")]
    if not all(0 < len(label) < 64 for label in labels) or sum(len(label) + 1 for label in labels) > 254:
        raise BadInput(f"{name[:60]!r} is not a DNS name", mend="1 to 63 characters between dots")
    packed = b"".join(bytes([len(label)]) + label for label in labels) + b"\0"
    return struct.pack("!6H", identifier, 0x0100, 1, 0, 0, 0) + packed + struct.pack("!2H", kind, 1)


def read_answer(identifier: int, kind: int, untrusted: bytes) -> Answer:
    """Read a reply to ``question``. Raises BadInput when it is none."""
    try:
        number, flags, questions, answers, _, _ = struct.unpack_from("!6H", untrusted)
        if number != identifier or not flags & 0x8000:
            raise BadInput("not an answer to this question", mend="ask again")
        place = 12
        for _ in range(questions):
            place = _after_name(untrusted, place) + 4
        found: list[tuple[Ip, int]] = []
        for _ in range(answers):
            place = _after_name(untrusted, place)
            this_kind, _, ttl, size = struct.unpack_from("!2HIH", untrusted, place)
            data = untrusted[place + 10 : place + 10 + size]
            place += 10 + size
            if this_kind == kind:
                found.append((ipaddress.ip_address(data), ttl))
        if place > len(untrusted):
            raise BadInput("a DNS message cut short", mend="ask again")
    except (struct.error, IndexError, ValueError) as error:
        if isinstance(error, BadInput):
            raise
        raise BadInput("a broken DNS message", mend="ask again") from error
    return Answer(flags & 15, tuple(a for a, _ in found), min((ttl for _, ttl in found), default=None))


def _after_name(message: bytes, place: int) -> int:
    """The position after a name; RFC 1035 section 4.1.4: a pointer is two bytes and ends it."""
    while True:
        length = message[place]
        if length >= 0xC0:
            return place + 2
        if length == 0:
            return place + 1
        place += length + 1
