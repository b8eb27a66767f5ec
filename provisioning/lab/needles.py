"""P What the privacy scan looks for: every way in which what identifies a person could stand in a file."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass

from appliance.values import Mac
from provisioning.lab.kinds import PLANTED

_BETWEEN = b":.-"
"""What stands between the octets of a MAC address, or does not."""


@dataclass(frozen=True)
class Needle:
    """``what`` it is, for people, and the pattern that finds it in raw bytes.

    Wherever the pattern matches, one of ``literals`` stands in the lower-case content, or one of ``joined`` in the same without
    ``_BETWEEN``. Looking for those first is far quicker than a pattern, and a camp has megabytes of files.
    """

    what: str
    pattern: re.Pattern[bytes]
    literals: tuple[bytes, ...]
    joined: tuple[bytes, ...] = ()


@dataclass(frozen=True)
class Find:
    """A planted identifier that stands in a file, ``offset`` bytes from its beginning."""

    file: str
    what: str
    offset: int


def of_device(owner: str, mac: str, addresses: Iterable[str]) -> list[Needle]:
    """Everything one device can be told by: its MAC as text, hex and raw bytes; its addresses as text, hex and raw bytes."""
    found = [_mac(owner, Mac.parse(mac))]
    for text in addresses:
        address = ipaddress.ip_address(text)
        found.append(_ipv4(owner, address) if isinstance(address, ipaddress.IPv4Address) else _ipv6(owner, address))
    return found


def planted() -> Needle:
    """User agents, device names and searches: each of the lab's phones' carries this word."""
    return Needle("a user agent, a device's name or a search", _either([re.escape(PLANTED.encode())]), _lower(PLANTED.encode()))


def search(name: str, content: bytes, needles: Iterable[Needle]) -> list[Find]:
    """The first place of each needle in ``content``."""
    low = content.lower()
    joined = low.translate(None, _BETWEEN)
    likely = (n for n in needles if any(text in low for text in n.literals) or any(text in joined for text in n.joined))
    return [Find(name, n.what, hit.start()) for n in likely if (hit := n.pattern.search(content)) is not None]


def _mac(owner: str, mac: Mac) -> Needle:
    digits = str(mac).replace(":", "")
    text = b"[:.-]?".join(re.escape(digits[n : n + 2].encode()) for n in range(0, 12, 2))
    raw = bytes.fromhex(digits)
    return Needle(f"the MAC address of {owner}", _either([text, re.escape(raw)]), _lower(raw), _lower(digits.encode()))


def _ipv4(owner: str, address: ipaddress.IPv4Address) -> Needle:
    # Four raw bytes occur by chance in any database: only the spellings are looked for.
    text = rb"(?<![0-9.])" + re.escape(str(address).encode()) + rb"(?![0-9])"
    packed = address.packed.hex().encode()
    digits = rb"(?<![0-9a-f])" + packed + rb"(?![0-9a-f])"
    return Needle(f"the IPv4 address of {owner}", _either([text, digits]), _lower(str(address).encode(), packed))


def _ipv6(owner: str, address: ipaddress.IPv6Address) -> Needle:
    spelt = (*_spellings(address), address.exploded.encode(), address.packed.hex().encode(), address.packed)
    return Needle(f"the IPv6 address of {owner}", _either([re.escape(spelling) for spelling in spelt]), _lower(*spelt))


def _spellings(address: ipaddress.IPv6Address) -> list[bytes]:
    """RFC 4291 section 2.2: any one run of zero groups may be written as two colons, and programs differ in which."""
    groups = [group.lstrip("0") or "0" for group in address.exploded.split(":")]
    found = [":".join(groups)]
    for first in range(8):
        for after in range(first + 1, 9):
            if set(groups[first:after]) == {"0"}:
                found.append(f"{':'.join(groups[:first])}::{':'.join(groups[after:])}")
    return [text.encode() for text in found]


def _either(patterns: list[bytes]) -> re.Pattern[bytes]:
    return re.compile(b"|".join(patterns), re.IGNORECASE | re.DOTALL)


def _lower(*texts: bytes) -> tuple[bytes, ...]:
    return tuple(text.lower() for text in texts)
