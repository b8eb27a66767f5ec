"""P What the gate asks of the kernel's sets and maps, as data; its nftables text; and the listing it answers with."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from appliance.gate.ruleset import TABLE
from appliance.values import Mac

_ELEMENT = re.compile(
    r"([0-9a-f:]{17})(?: counter packets ([0-9]+) bytes ([0-9]+))?(?: timeout [0-9a-z]+)?(?: expires ([0-9a-z]+))? : (0x[0-9a-f]+)"
)
_SPAN = re.compile(r"([0-9]+)(ms|[dhms])")
_MILLISECONDS = {"d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1_000, "ms": 1}

Crowd = Literal["people", "guests"]
"""``people`` tapped and are admitted; ``guests`` pass without a tap during the grace after a reboot."""


@dataclass(frozen=True)
class Admit:
    """Let a device that is not there pass for ``seconds`` as the person ``mark``: one element, one transaction."""

    mac: Mac
    mark: int
    seconds: int
    crowd: Crowd = "people"


@dataclass(frozen=True)
class Extend:
    """Begin the time of a device anew and keep its counter; one that has just expired is admitted."""

    mac: Mac
    mark: int
    seconds: int
    crowd: Crowd = "people"


@dataclass(frozen=True)
class Remove:
    """Let a device pass no longer; nothing happens when it is not there."""

    mac: Mac
    mark: int
    crowd: Crowd = "people"


@dataclass(frozen=True)
class Raise:
    """Raise the flag ``grace`` or ``offline`` over the LAN for ``seconds``; it falls by itself if the gate dies."""

    flag: Literal["grace", "offline"]
    seconds: int


@dataclass(frozen=True)
class Lower:
    """Take a flag down."""

    flag: Literal["grace", "offline"]


@dataclass(frozen=True)
class FreeMark:
    """Forget what a person's mark carried, before another person gets it."""

    mark: int


@dataclass(frozen=True)
class Spend:
    """Keep how many bytes of the day's volume the person of a device has used."""

    mac: Mac
    octets: int


@dataclass(frozen=True)
class ForgetSpent:
    """A new day: nobody has used anything."""


Command = Admit | Extend | Remove | Raise | Lower | FreeMark | Spend | ForgetSpent


@dataclass(frozen=True)
class Element:
    """One device as the kernel knows it; ``packets`` and ``octets`` are what it sent."""

    mac: Mac
    mark: int
    seconds_left: int
    packets: int = 0
    octets: int = 0


@dataclass(frozen=True)
class Listing:
    """All the gate needs to know again after it was killed."""

    people: tuple[Element, ...] = ()
    guests: tuple[Element, ...] = ()
    grace_left: int | None = None
    offline: bool = False
    spent: Mapping[Mac, int] = field(default_factory=dict)


def add_text(element: Element, crowd: Crowd) -> str:
    """Add one device that is not there."""
    counted = f"counter packets {element.packets} bytes {element.octets}"
    return f"add element inet {TABLE} {crowd} {{ {element.mac} {counted} timeout {element.seconds_left}s : {element.mark} }}"


def replace_text(old: Element, new: Element, crowd: Crowd) -> str:
    """Extend one device that is there. On kernel 6.1 adding it again changes nothing, hence delete and add."""
    return f"{delete_text(old.mac, old.mark, crowd)}\n{add_text(new, crowd)}"


def delete_text(mac: Mac, mark: int, crowd: Crowd) -> str:
    """Delete one device that is there."""
    return f"delete element inet {TABLE} {crowd} {{ {mac} : {mark} }}"


def raise_text(flag: str, interface: str, seconds: int, *, up: bool) -> str:
    """Raise a flag, ``up`` saying that it is up already."""
    add = f'add element inet {TABLE} {flag} {{ "{interface}" timeout {seconds}s }}'
    return f"{lower_text(flag, interface)}\n{add}" if up else add


def lower_text(flag: str, interface: str) -> str:
    """Take down a flag that is up."""
    return f'delete element inet {TABLE} {flag} {{ "{interface}" }}'


def spend_text(mac: Mac, octets: int) -> str:
    """Keep what a device's person has used, where nothing is kept of it yet."""
    return f"add element inet {TABLE} spent {{ {mac} counter packets 0 bytes {octets} }}"


def unspend_text(mac: Mac) -> str:
    """Forget what is kept of one device."""
    return f"delete element inet {TABLE} spent {{ {mac} }}"


def restore_text(listing: Listing, interface: str) -> str:
    """Everything the kernel knew, for a table that was made anew (one transaction with it)."""
    lines = [add_text(e, "people") for e in listing.people] + [add_text(e, "guests") for e in listing.guests]
    lines += [spend_text(mac, octets) for mac, octets in listing.spent.items()]
    if listing.grace_left:
        lines.append(raise_text("grace", interface, listing.grace_left, up=False))
    return "".join(line + "\n" for line in lines)


def parse_elements(answer: dict[str, Any]) -> tuple[Element, ...]:
    """The devices in libnftables' JSON answer to ``list map`` of people or guests."""
    return tuple(_device(*pair) for pair in _elements(answer, "map"))


def parse_element(text: str) -> Element | None:
    """The device in the answer to ``get element``, which libnftables 1.0.6 gives as text even where JSON is asked for."""
    found = _ELEMENT.search(text)
    if found is None:
        return None
    mac, packets, octets, expires, mark = found.groups()
    left = sum(int(number) * _MILLISECONDS[unit] for number, unit in _SPAN.findall(expires or ""))
    return Element(Mac.parse(mac), int(mark, 16), left // 1000, int(packets or 0), int(octets or 0))


def parse_flag(answer: dict[str, Any]) -> int | None:
    """Seconds a flag stays up, or None when it is down, from the answer to ``list set``."""
    for entry in _elements(answer, "set"):
        return max(1, int(entry["elem"].get("expires", 0)))
    return None


def parse_counted(answer: dict[str, Any]) -> dict[int, int]:
    """Person mark -> bytes, from the answer to ``list set`` of sent or received."""
    return {int(entry["elem"]["val"]): int(entry["elem"]["counter"]["bytes"]) for entry in _elements(answer, "set")}


def parse_spent(answer: dict[str, Any]) -> dict[Mac, int]:
    """Device -> bytes used today, from the answer to ``list set`` of spent."""
    return {Mac.parse(entry["elem"]["val"]): int(entry["elem"]["counter"]["bytes"]) for entry in _elements(answer, "set")}


def _elements(answer: dict[str, Any], kind: str) -> Iterable[Any]:
    for item in answer.get("nftables", ()):
        if kind in item:
            yield from item[kind].get("elem", ())


def _device(key: dict[str, Any], mark: int) -> Element:
    inner = key["elem"]
    counter = inner.get("counter", {"packets": 0, "bytes": 0})
    # "expires" is left out in the element's last second.
    return Element(Mac.parse(inner["val"]), int(mark), int(inner.get("expires", 0)), counter["packets"], counter["bytes"])
