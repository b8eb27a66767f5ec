"""P What the gate asks of the kernel's sets and maps, as data; its nftables text; and the listing it answers with."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from appliance.gate.ruleset import TABLE
from appliance.values import Mac

_ELEMENT = re.compile(
    r"([0-9a-f:]{17})(?: counter packets ([0-9]+) bytes ([0-9]+))?"
    r"(?: timeout ([0-9a-z]+))?(?: expires ([0-9a-z]+))? : (0x[0-9a-f]+)"
)
_STAMP = re.compile(r"boot ([0-9A-Za-z-]{1,64})(?: day ([0-9]{1,7}))?")
_SPAN = re.compile(r"([0-9]+)(ms|[dhms])")
_MILLISECONDS = {"d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1_000, "ms": 1}

ENDLESS = 10**9
"""Seconds that an element without a time is said to have left: thirty years. The gate makes none; a hand may."""
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


@dataclass(frozen=True)
class Stamp:
    """Stands beside the sets and lives exactly as long as they do: the ``boot`` they were made in, and the ``day`` (proleptic
    ordinal) volumes are counted for. Of letters, digits and dashes."""

    boot: str
    day: int | None = None


Command = Admit | Extend | Remove | Raise | Lower | FreeMark | Spend | ForgetSpent | Stamp


@dataclass(frozen=True)
class Element:
    """One device as the kernel knows it; ``packets`` and ``octets`` are what it sent. ``endless``: it has no time at all, and
    ``seconds_left`` says nothing."""

    mac: Mac
    mark: int
    seconds_left: int
    packets: int = 0
    octets: int = 0
    endless: bool = field(default=False, compare=False)

    @property
    def lasts(self) -> int:
        """Seconds left, ``ENDLESS`` where there is no end."""
        return ENDLESS if self.endless else self.seconds_left


@dataclass(frozen=True)
class Listing:
    """All the gate needs to know again after it was killed."""

    people: tuple[Element, ...] = ()
    guests: tuple[Element, ...] = ()
    grace_left: int | None = None
    offline: bool = False
    spent: Mapping[Mac, int] = field(default_factory=dict)
    stamp: Stamp | None = None


def add_text(element: Element, crowd: Crowd) -> str:
    """Add one device that is not there."""
    counted = f"counter packets {element.packets} bytes {element.octets}"
    # Of "timeout 0s" the kernel makes an element without an end.
    return f"add element inet {TABLE} {crowd} {{ {element.mac} {counted} timeout {max(1, element.lasts)}s : {element.mark} }}"


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


def stamp_text(stamp: Stamp, interface: str) -> str:
    """Put a stamp where there is none."""
    day = "" if stamp.day is None else f" day {stamp.day}"
    return f'add element inet {TABLE} life {{ "{interface}" comment "boot {stamp.boot}{day}" }}'


def unstamp_text(interface: str) -> str:
    """Take the stamp away."""
    return f'delete element inet {TABLE} life {{ "{interface}" }}'


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
    if listing.stamp is not None:
        lines.append(stamp_text(listing.stamp, interface))
    return "".join(line + "\n" for line in lines)


def parse_elements(answer: dict[str, Any]) -> tuple[Element, ...]:
    """The devices in libnftables' JSON answer to ``list map`` of people or guests."""
    return tuple(_device(*pair) for pair in _elements(answer, "map"))


def parse_element(text: str) -> Element | None:
    """The device in the answer to ``get element``, which libnftables 1.0.6 gives as text even where JSON is asked for."""
    found = _ELEMENT.search(text)
    if found is None:
        return None
    mac, packets, octets, timeout, expires, mark = found.groups()
    left = sum(int(number) * _MILLISECONDS[unit] for number, unit in _SPAN.findall(expires or "")) // 1000
    return Element(Mac.parse(mac), int(mark, 16), left, int(packets or 0), int(octets or 0), endless=timeout is None)


def parse_flag(answer: dict[str, Any], interface: str = "") -> int | None:
    """Seconds a flag stays up, or None when it is down, from the answer to ``list set``; over ``interface``, where one is named."""
    for entry in _elements(answer, "set"):
        inner = _inner(entry)
        if interface and inner["val"] != interface:
            continue
        return max(1, int(inner.get("expires", 0))) if "timeout" in inner else ENDLESS
    return None


def parse_stamp(answer: dict[str, Any], interface: str) -> Stamp | None:
    """The stamp, from the answer to ``list set`` of life; None where there is none, or none of ours."""
    for entry in _elements(answer, "set"):
        inner = _inner(entry)
        if inner["val"] == interface and (found := _STAMP.fullmatch(str(inner.get("comment", "")))):
            return Stamp(found[1], None if found[2] is None else int(found[2]))
    return None


def parse_counted(answer: dict[str, Any]) -> dict[int, int]:
    """Person mark -> bytes, from the answer to ``list set`` of sent or received."""
    return {int(inner["val"]): _octets(inner) for inner in map(_inner, _elements(answer, "set"))}


def parse_spent(answer: dict[str, Any]) -> dict[Mac, int]:
    """Device -> bytes used today, from the answer to ``list set`` of spent."""
    return {Mac.parse(inner["val"]): _octets(inner) for inner in map(_inner, _elements(answer, "set"))}


def has_rules(answer: dict[str, Any]) -> bool:
    """Whether there is a rule in the answer to ``list chain``."""
    return any("rule" in item for item in answer.get("nftables", ()))


def _octets(inner: dict[str, Any]) -> int:
    """What an element counted; one that a hand made may have no counter."""
    counter = inner.get("counter")
    return int(counter["bytes"]) if isinstance(counter, dict) else 0


def _elements(answer: dict[str, Any], kind: str) -> Iterable[Any]:
    for item in answer.get("nftables", ()):
        if kind in item:
            yield from item[kind].get("elem", ())


def _inner(entry: Any) -> dict[str, Any]:
    """An element's particulars; one that has none is given as its value alone (libnftables-json(5), ELEM)."""
    inner: dict[str, Any] = entry["elem"] if isinstance(entry, dict) else {"val": entry}
    return inner


def _device(key: Any, mark: int) -> Element:
    inner = _inner(key)
    counter = inner.get("counter", {"packets": 0, "bytes": 0})
    # "expires" is left out, or 0, in the element's last second; without "timeout" there is no last one.
    left, endless = int(inner.get("expires", 0)), "timeout" not in inner
    return Element(Mac.parse(inner["val"]), int(mark), left, counter["packets"], counter["bytes"], endless)
