"""P Uplink rates and the people online -> the shaping plan: numbers for every class, and the text that begins the tree."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from appliance.config import SiteConfig

Method = Literal["cake", "htb"]
"""How shares are kept: by CAKE's host isolation, or by one HTB class a person where the kernel has no CAKE."""

PERSON_CLASSES = 0x1000
"""The class of the person with mark m is 1:(0x1000 + m); both directions alike."""
LINK, BACKGROUND, CROWD = 1, 2, 3
"""Minor numbers: the whole line; the box's own traffic (upload only); everyone together where CAKE does the sharing."""
BACKGROUND_PART = 0.1
"""Of the upload, guaranteed to the box itself: its look-ups for the admitted, telemetry, content."""
PACKET = 1_514
BURST = 2 * PACKET
QUEUE = 64
"""Packets that wait for one person where each has a plain queue: 0.08 s of 10 Mbit/s."""
_ETHERNET = 14
_MARK = "32 0 0 4294963220"  # BPF_LD|BPF_W|BPF_ABS, SKF_AD_OFF + SKF_AD_MARK (linux/filter.h)


@dataclass(frozen=True)
class Direction:
    """One direction of the line. Rates in bit/s; ``guarantee`` is what each person can always have."""

    interface: str
    rate: int
    background: int
    guarantee: int
    overhead: int

    @property
    def crowd(self) -> int:
        """What all people together can always have."""
        return self.rate - self.background


@dataclass(frozen=True)
class Plan:
    """Both directions, and who has a share."""

    down: Direction
    up: Direction
    marks: frozenset[int]


def plan(config: SiteConfig, marks: Collection[int]) -> Plan:
    """An equal guarantee of link / N for each of N people, and the whole line for whoever is alone in using it.

    The guarantee is re-reckoned when someone joins or leaves: a small fixed one would let an idle person's first packets
    wait behind everyone's borrowing (17 ms instead of 0.1 ms with 15 busy at 10 Mbit/s).
    """
    uplink, people = config.uplinks[0], max(1, len(marks))

    def direction(interface: str, line: int, background_part: float) -> Direction:
        rate = int(line * config.fairness.share)
        background = int(rate * background_part)
        return Direction(interface, rate, background, max(1_000, (rate - background) // people), uplink.overhead)

    return Plan(
        down=direction(config.lan.bridge, uplink.down.bits_per_second, 0.0),
        up=direction(uplink.interface, uplink.up.bits_per_second, BACKGROUND_PART),
        marks=frozenset(marks),
    )


def line_overhead(overhead: int) -> int:
    """HTB counts the Ethernet header already; its correction cannot be negative."""
    return max(0, overhead - _ETHERNET)


def ceiling_burst(rate: int) -> int:
    """Bytes that may go at once at the full rate: 2 ms of it, so that a late timer costs no capacity."""
    return max(BURST, rate // 8 // 500)


def _class(interface: str, parent: str, minor: int, rate: int, ceiling: int, overhead: int) -> str:
    bursts = f"burst {max(BURST, ceiling_burst(rate))} cburst {ceiling_burst(ceiling)} quantum {PACKET}"
    more = f" overhead {line_overhead(overhead)}" if line_overhead(overhead) else ""
    rates = f"rate {rate}bit ceil {ceiling}bit"
    return f"class add dev {interface} parent {parent} classid 1:{minor:x} htb {rates} {bursts}{more}"


def _program(*instructions: str) -> str:
    return f"bytecode '{len(instructions)},{','.join(instructions)},'"


def _to_person() -> str:
    """Mark m -> class 1:(0x1000 + m); mark 0 -> no answer, which leaves the packet to the qdisc's default."""
    return _program(_MARK, "84 0 0 1023", "21 1 0 0", f"68 0 0 {(1 << 16) + PERSON_CLASSES}", "22 0 0 0")


def _to_class(minor: int) -> str:
    return _program(_MARK, "21 1 0 0", f"6 0 0 {(1 << 16) + minor}", "6 0 0 0")


def _to_host() -> str:
    """Mark m -> major number m, which CAKE takes as the host to be isolated."""
    return _program(_MARK, "84 0 0 1023", "100 0 0 16", "22 0 0 0")


def beginning(direction: Direction, method: Method, *, upload: bool) -> str:
    """The tree without people, for ``tc -batch``; it must not be there yet.

    Download is shaped on the LAN's bridge: what carries no person's mark (pages and answers of the box itself) is not
    part of the uplink and goes past the line's class at full speed. Upload is shaped on the uplink, where the box's own
    traffic has a class with a guarantee.
    """
    dev, rate = direction.interface, direction.rate
    lines = [
        f"qdisc add dev {dev} root handle 1: htb default {BACKGROUND if upload else 0} direct_qlen 1000",
        _class(dev, "1:", LINK, rate, rate, direction.overhead),
    ]
    if upload:
        lines.append(_class(dev, "1:1", BACKGROUND, direction.background, rate, direction.overhead))
        lines.append(f"qdisc add dev {dev} parent 1:{BACKGROUND} pfifo limit {4 * QUEUE}")
    if method == "htb":
        lines.append(f"filter add dev {dev} parent 1: protocol all prio 1 bpf {_to_person()}")
    else:
        isolation = "dual-srchost" if upload else "dual-dsthost"
        lines.append(_class(dev, "1:1", CROWD, direction.crowd, rate, direction.overhead))
        lines.append(f"qdisc add dev {dev} parent 1:{CROWD} handle 30: cake unlimited besteffort {isolation}")
        lines.append(f"filter add dev {dev} parent 30: protocol all prio 1 bpf {_to_host()}")
        lines.append(f"filter add dev {dev} parent 1: protocol all prio 1 bpf {_to_class(CROWD)}")
    return "".join(line + "\n" for line in lines)
