"""E The test phone: leases an address, asks names, meets the portal and the closed doors, as a phone does before the tap.

What it says and hears are frames (scapy); the kernel's own network has no part in it, so the whole way through bridge, firewall,
dnsmasq, nginx and portal is what is tested.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from scapy.layers.dhcp import BOOTP, DHCP
from scapy.layers.dns import DNS
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import ICMPv6ND_RA, ICMPv6NDOptPrefixInfo
from scapy.layers.l2 import ARP, Ether
from scapy.packet import Packet

from appliance.config import SiteConfig
from provisioning.selftest import frames
from provisioning.selftest.cable import Wire, random_number
from provisioning.selftest.http_answer import Reply, read_reply
from provisioning.selftest.outcome import Facts

PROBE_HOST, PROBE_PATH = "connectivitycheck.gstatic.com", "/generate_204"
"""Android's question whether it is online; every other probe takes the same way."""
PATIENCE, TRIES = 1.5, 2
LARGEST_PAGE = 300_000
NOTHING: dict[str, Any] = {
    "lease": False, "router_right": False, "server_right": False, "gateway": False, "probe_name": False, "portal_name": False,
    "probe_status": None, "probe_leads_home": False, "page_status": None, "portal_status": None,
    "https": "silent", "quic": "silent", "advertised": False, "prefix_right": False,
}  # fmt: skip
"""What a phone knows that nobody answers."""


@dataclass
class Lease:
    """What DHCP gave."""

    address: str
    server: str
    router: str
    names: tuple[str, ...]


class Phone:
    """One visit. ``visit`` gives the facts; nothing of it is kept."""

    def __init__(self, wire: Wire, config: SiteConfig, *, patience: float = PATIENCE) -> None:
        self._wire, self._config, self._patience = wire, config, patience
        self._box = str(config.lan.address.ip)
        self._router = ""
        self._own = ""

    def visit(self) -> Facts:
        """Everything a phone meets before the tap."""
        facts = dict(NOTHING)
        facts |= self._advertisement()
        number = random_number(32)
        lease = self._lease(number)
        if lease is None:
            return facts
        facts |= {"lease": True, "router_right": lease.router == self._box, "server_right": self._box in lease.names}
        self._own = lease.address
        facts["gateway"] = self._find_router()
        if facts["gateway"]:
            facts |= self._before_the_tap()
            self._send(frames.release(number, lease.address, lease.server, self._router))
        return facts

    def _before_the_tap(self) -> Facts:
        portal, language = self._config.access.portal_name, self._config.site.languages[0]
        outside, home = self._resolve(PROBE_HOST), self._resolve(portal)
        probe = None if outside is None else self._fetch(outside, PROBE_HOST, PROBE_PATH)
        page = status = None
        if probe is not None and home is not None:  # where nobody answers the first, nobody will the others
            page, status = self._fetch(home, portal, f"/{language}/"), self._fetch(home, portal, "/status.json")
        found: dict[str, Any] = {
            "probe_name": outside is not None,
            "portal_name": home == self._box,
            "probe_status": probe.status if probe else None,
            "probe_leads_home": probe is not None and probe.location.partition("://")[2].partition("/")[0] == portal,
            "page_status": page.status if page else None,
            "portal_status": status.status if status else None,
        }
        if outside is not None:
            found |= {"https": self._knock(outside), "quic": self._knock_without_connection(outside)}
        return found

    def _lease(self, number: int) -> Lease | None:
        offer = self._ask(frames.discover(number), lambda p: _says(p, number, 2))
        if offer is None:
            return None
        server = str(_option(offer, "server_id") or offer[IP].src)
        taken = self._ask(frames.request(number, offer[BOOTP].yiaddr, server), lambda p: _says(p, number, 5))
        if taken is None:
            return None
        options = [option for option in taken[DHCP].options if isinstance(option, tuple)]
        names = tuple(str(name) for option in options if option[0] == "name_server" for name in option[1:])
        return Lease(str(taken[BOOTP].yiaddr), server, str(_option(taken, "router")), names)

    def _find_router(self) -> bool:
        found = self._ask(frames.who_has(self._own, self._box), lambda p: ARP in p and p[ARP].op == 2 and p[ARP].psrc == self._box)
        if found is not None:
            self._router = found[ARP].hwsrc
        return found is not None

    def _resolve(self, name: str) -> str | None:
        number, port = random_number(16), 20_000 + random_number(15)
        asked = frames.name_question(self._own, self._router, self._box, port, number, name)
        answer = self._ask(asked, lambda p: DNS in p and UDP in p and p[UDP].dport == port and p[DNS].id == number)
        if answer is None:
            return None
        records = answer[DNS].an or []
        return next((str(record.rdata) for record in records if record.type == 1), None)

    def _fetch(self, there: str, host: str, path: str) -> Reply | None:
        """One request of HTTP/1.1, without a kernel's TCP: segments in order, each acknowledged."""
        ports, first = (20_000 + random_number(15), 80), random_number(31)
        opened = self._ask(self._segment(there, ports, "S", (first, 0)), lambda p: _of(p, there, ports) and p[TCP].flags.S)
        if opened is None:
            return None
        own, other = first + 1, int(opened[TCP].seq) + 1
        asked = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nAccept: */*\r\nConnection: close\r\n\r\n".encode()
        self._send(self._segment(there, ports, "PA", (own, other), asked))
        own, body = own + len(asked), b""
        for packet in self._heard(2 * self._patience):
            if not _of(packet, there, ports) or packet[TCP].seq != other % 2**32:
                continue
            part = bytes(packet[TCP].payload)
            part = b"" if not packet[IP].len - 4 * (packet[IP].ihl + packet[TCP].dataofs) else part
            body, other = body + part, other + len(part)
            self._send(self._segment(there, ports, "A", (own, other)))
            if packet[TCP].flags.F or packet[TCP].flags.R or len(body) > LARGEST_PAGE:
                break
        self._send(self._segment(there, ports, "RA", (own, other)))
        return read_reply(body)

    def _knock(self, there: str) -> str:
        """TCP 443: ``open``, ``reset``, ``unreachable`` or ``silent``."""
        ports, first = (20_000 + random_number(15), 443), random_number(31)
        answer = self._ask(self._segment(there, ports, "S", (first, 0)), lambda p: _of(p, there, ports) or _is_refusal(p, ports))
        if answer is None:
            return "silent"
        if ICMP in answer:
            return "unreachable"
        return "reset" if answer[TCP].flags.R else "open"

    def _knock_without_connection(self, there: str) -> str:
        """UDP 443: ``open``, ``unreachable`` or ``silent``."""
        ports = (20_000 + random_number(15), 443)

        def answers(packet: Packet) -> bool:
            return _is_refusal(packet, ports) or (ICMP not in packet and UDP in packet and packet[UDP].dport == ports[0])

        answer = self._ask(frames.datagram(self._own, self._router, there, ports), answers)
        return "silent" if answer is None else "unreachable" if ICMP in answer else "open"

    def _advertisement(self) -> Facts:
        advertised = False

        def tells_a_prefix(packet: Packet) -> bool:
            # RFC 4861 section 6.2.3: options may come in several advertisements; the portal's API has one of its own.
            nonlocal advertised
            advertised = advertised or ICMPv6ND_RA in packet
            return ICMPv6ND_RA in packet and ICMPv6NDOptPrefixInfo in packet

        heard = self._ask(frames.router_solicitation(), tells_a_prefix)
        told = None if heard is None else heard[ICMPv6NDOptPrefixInfo]
        right = told is not None and f"{told.prefix}/{told.prefixlen}" == str(self._config.lan.address6.network)
        return {"advertised": advertised, "prefix_right": right}

    def _segment(self, there: str, ports: tuple[int, int], flags: str, numbers: tuple[int, int], body: bytes = b"") -> Packet:
        turned = (numbers[0] % 2**32, numbers[1] % 2**32)
        return frames.segment(self._own, self._router, there, ports, flags, turned, body)

    def _send(self, packet: Packet) -> None:
        self._wire.send(bytes(packet))

    def _ask(self, question: Packet, is_answer: Callable[[Packet], Any]) -> Packet | None:
        """Send and wait for the answer; twice, for cables lose things."""
        for _ in range(TRIES):
            self._send(question)
            for packet in self._heard(self._patience):
                if is_answer(packet):
                    return packet
        return None

    def _heard(self, seconds: float) -> Iterator[Packet]:
        """What comes within so many seconds; who asks for the phone's own address is answered on the way."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0 and (data := self._wire.receive(left)) is not None:
            packet = Ether(data)
            if ARP in packet and packet[ARP].op == 1:
                if self._own and packet[ARP].pdst == self._own:
                    self._send(frames.that_is_me(packet))
                continue
            yield packet


def _says(packet: Packet, number: int, kind: int) -> bool:
    """Whether it is an answer of DHCP of this kind (RFC 2132 section 9.6) to the question of this number."""
    return BOOTP in packet and DHCP in packet and packet[BOOTP].xid == number and _option(packet, "message-type") == kind


def _option(packet: Packet, name: str) -> Any:
    options = (option for option in packet[DHCP].options if isinstance(option, tuple))
    return next((option[1] for option in options if option[0] == name), None)


def _of(packet: Packet, there: str, ports: tuple[int, int]) -> bool:
    """Whether a segment belongs to this connection."""
    if TCP not in packet or ICMP in packet or packet[IP].src != there:
        return False
    return (packet[TCP].sport, packet[TCP].dport) == (ports[1], ports[0])


def _is_refusal(packet: Packet, ports: tuple[int, int]) -> bool:
    """RFC 792: destination unreachable, with the head of what was refused: its ports stand behind the quoted IP header."""
    if ICMP not in packet or packet[ICMP].type != 3:
        return False
    quoted = bytes(packet[ICMP].payload)
    start = (quoted[0] & 15) * 4 if quoted else 0
    return quoted[start : start + 4] == ports[0].to_bytes(2) + ports[1].to_bytes(2)
