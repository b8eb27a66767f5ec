"""P The field's own values as types: strings become these at the door and stay so inside."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Any

from appliance.errors import BadInput

Ip = ipaddress.IPv4Address | ipaddress.IPv6Address
PERSON_MARKS = range(1, 1024)
"""Packet marks that name a person on this box until the kernel forgets them; 0 is nobody (captive or the box itself)."""

_MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}\Z")
_BOX_ID = re.compile(r"[a-z0-9](?:[a-z0-9-]{1,30})[a-z0-9]\Z")
_RATE = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,9})?)\s*(bit|kbit|mbit|gbit)\Z")
_PHONE = re.compile(r"\+?[0-9][0-9 ()/-]{1,24}\Z")
_DURATION = re.compile(r"([0-9]{1,9})\s*(s|min|h|d)\Z")
_RATE_UNITS = {"bit": 1, "kbit": 1_000, "mbit": 1_000_000, "gbit": 1_000_000_000}
_DURATION_UNITS = {"s": 1, "min": 60, "h": 3_600, "d": 86_400}


@dataclass(frozen=True, order=True)
class Mac:
    """An Ethernet address, lower case with colons. Its ``repr`` hides it, so that no log line ever names a device."""

    text: str

    def __post_init__(self) -> None:
        if not _MAC.match(self.text):
            raise BadInput("not an Ethernet address", mend="write it as 02:00:00:00:00:01")

    @classmethod
    def parse(cls, untrusted_text: str) -> Mac:
        """Read ``02:00:00:00:00:01`` or ``02-00-...`` in either case. Raises BadInput."""
        return cls(untrusted_text.strip().lower().replace("-", ":"))

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return "Mac(...)"


SELFTEST_PHONE = Mac("02:ca:4b:5e:1f:01")
"""The phone that the box's self-test plays. No interface owns it (locally administered, so no maker gave it away), and to the
gate it is nobody: never admitted, never counted, held back even while everybody passes. Whoever borrows it gets nothing."""


def parse_ip(untrusted_text: str) -> Ip:
    """Read an IPv4 or IPv6 address without zone; an IPv4-mapped IPv6 address becomes IPv4. Raises BadInput."""
    try:
        address = ipaddress.ip_address(untrusted_text.strip())
    except ValueError as error:
        raise BadInput("not an IP address", mend="write it as 10.0.0.1 or fd00::1") from error
    if isinstance(address, ipaddress.IPv6Address):
        if address.scope_id is not None:
            raise BadInput("an address with a zone", mend="leave out the part from % on")
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
    return address


HUB_NAMES = "hub-"
"""Names that begin so belong to the hub's own processes: a box called hub-ingest would have the rights of ingest."""


@dataclass(frozen=True, order=True)
class BoxId:
    """The name of a box: MQTT user name, certificate common name and topic level at once, so nothing but [a-z0-9-]."""

    text: str

    def __post_init__(self) -> None:
        if self.text.startswith(HUB_NAMES):
            raise BadInput(f"{self.text[:40]!r} is a name of the hub's own", mend=f"do not begin it with {HUB_NAMES}")
        if not _BOX_ID.match(self.text):
            raise BadInput(
                f"{self.text[:40]!r} is not a box id", mend="use 3 to 32 of a-z, 0-9 and -, not beginning or ending with -"
            )

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, order=True)
class Rate:
    """A data rate in bits per second, counted as tc does (1 mbit = 1,000,000 bit/s)."""

    bits_per_second: int

    @classmethod
    def parse(cls, text: str) -> Rate:
        """Read ``10mbit``, ``512kbit`` or ``1.5mbit``. Raises BadInput."""
        found = _RATE.match(text.strip().lower())
        if found is None or not 1_000 <= (value := round(float(found[1]) * _RATE_UNITS[found[2]])) <= 100_000_000_000:
            raise BadInput(f"{text[:40]!r} is not a rate from 1kbit to 100gbit", mend="write it as 10mbit or 512kbit")
        return cls(value)

    def __str__(self) -> str:
        for unit in ("gbit", "mbit", "kbit"):
            if self.bits_per_second % _RATE_UNITS[unit] == 0:
                return f"{self.bits_per_second // _RATE_UNITS[unit]}{unit}"
        return f"{self.bits_per_second}bit"


def parse_duration(text: str) -> int:
    """Read ``30min``, ``8h``, ``2d`` or ``90s`` into seconds. Raises BadInput."""
    found = _DURATION.match(text.strip().lower())
    if found is None or int(found[1]) == 0:
        raise BadInput(f"{text[:40]!r} is not a length of time", mend="write it as 90s, 30min, 8h or 2d")
    return int(found[1]) * _DURATION_UNITS[found[2]]


def parse_phone(untrusted: Any) -> str:
    """A number to call as people write it, ASCII numerals only, short ones such as ``911`` included. Raises BadInput."""
    if not isinstance(untrusted, str) or not _PHONE.match(untrusted) or not 2 <= len(dial(untrusted).lstrip("+")) <= 15:
        raise BadInput(f"{str(untrusted)[:40]!r} is not a phone number", mend='write it as "911" or "+962 6 000 0000"')
    return untrusted


def dial(number: str) -> str:
    """What stands behind ``tel:`` (RFC 3966): the digits, and the plus in front where there is one."""
    return "".join(c for c in number if c in "+0123456789")


def is_fictional(number: str) -> bool:
    """Whether a number lies in a range that is kept for invented ones: country 999 (ITU-T E.164: reserved) or 555-01xx."""
    digits = dial(number)
    return digits.startswith("+999") or re.search(r"55501[0-9][0-9]\Z", digits) is not None
