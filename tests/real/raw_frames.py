"""E Frames that no socket can make, sent from a phone of the gate's camp; and DHCP as a device with any address would speak it."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from scapy.layers.dhcp import BOOTP, DHCP
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether

from provisioning.lab.netns import Namespace
from tests.real.gate_camp import inside

EVERYBODY = "ff:ff:ff:ff:ff:ff"


def made_up(number: int) -> str:
    """A hardware address that nobody has."""
    return f"06:00:00:{number >> 16 & 255:02x}:{number >> 8 & 255:02x}:{number & 255:02x}"


@contextmanager
def wire(phone: Namespace) -> Iterator[socket.socket]:
    """The phone's cable: what is sent goes out as it is, what comes in is read whole."""
    with inside(phone.name):
        raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    with raw:
        raw.bind(("wlan", 0))
        raw.settimeout(1.0)
        yield raw


def dhcp(source: str, chaddr: str, *options: object, client: bytes | None = None, **fields: Any) -> bytes:
    """A DISCOVER, or what ``options`` say, from the hardware address ``source`` for ``chaddr``."""
    said: Sequence[object] = options or (("message-type", "discover"),)
    more = [] if client is None else [("client_id", client)]
    said_of_it: dict[str, Any] = {"chaddr": bytes.fromhex(chaddr.replace(":", "")), "xid": 77, "flags": 0x8000, **fields}
    head = BOOTP(**said_of_it)
    ask = DHCP(options=[*said, *more, "end"])
    return bytes(Ether(src=source, dst=EVERYBODY) / IP(src="0.0.0.0", dst="255.255.255.255") / UDP(sport=68, dport=67) / head / ask)


def answers(raw: socket.socket, most: int, patience: float = 1.0) -> list[BOOTP]:
    """What a DHCP server says, until nothing comes for ``patience`` seconds."""
    found = list[BOOTP]()
    raw.settimeout(patience)
    while len(found) < most:
        try:
            packet = Ether(raw.recv(4000))
        except TimeoutError:
            break
        if BOOTP in packet and packet[BOOTP].op == 2:
            found.append(packet[BOOTP])
    return found


def lease(raw: socket.socket, source: str, chaddr: str, *, client: bytes | None = None, patience: float = 1.0) -> str | None:
    """The whole of DISCOVER, OFFER, REQUEST, ACK: the address that was leased, or None."""
    raw.send(dhcp(source, chaddr, client=client))
    offers = answers(raw, 1, patience)
    if not offers:
        return None
    address, server = offers[0].yiaddr, offers[0].siaddr
    told = dict(option for option in DHCP(bytes(offers[0].payload)).options if isinstance(option, tuple) and len(option) == 2)
    asked = (("message-type", "request"), ("requested_addr", address), ("server_id", told.get("server_id", server)))
    raw.send(dhcp(source, chaddr, *asked, client=client))
    acks = answers(raw, 1, patience)
    return acks[0].yiaddr if acks and acks[0].yiaddr != "0.0.0.0" else None
