"""E One place for the whole deny matrix: frames that no socket can make, and what became of each where it would arrive.

Every cell's packets carry a word of their own. Whether it left is looked up in all that ever arrived in the internet; how it ended
for the sender, in all that came back to any phone.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

from scapy.layers.dns import DNS, DNSQR
from scapy.layers.inet import ICMP, IP, TCP, UDP, IPOption_LSRR, IPOption_Router_Alert
from scapy.layers.inet6 import (
    ICMPv6EchoRequest,
    IPv6,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrFragment,
    IPv6ExtHdrHopByHop,
    IPv6ExtHdrRouting,
    RouterAlert,
)
from scapy.layers.l2 import GRE, Dot1Q, Ether
from scapy.packet import Packet, Raw

from provisioning.lab.netns import Namespace
from tests.real.attendants import Attendants
from tests.real.gate_camp import BOX4, BOX6, NET4, NET6, inside, phone4, phone6, phone_mac

_ALL, _OUTGOING, _RCVBUFFORCE = 3, 4, 33  # ETH_P_ALL, PACKET_OUTGOING of packet(7), SO_RCVBUFFORCE of socket(7)
TARGET = 3
"""The phone that nobody may reach."""


@dataclass(frozen=True)
class Sender:
    """Who a packet says it comes from."""

    mac: str
    source: str
    gateway: str


@dataclass(frozen=True)
class Cell:
    """One cell: what a sender does in one family; ``word`` and ``port`` are no other cell's."""

    row: str
    state: str
    version: int
    number: int

    @property
    def word(self) -> str:
        """Eight characters that stand in each of its packets, so few that no fragment cuts them all."""
        return f"z{self.number:07x}"

    @property
    def port(self) -> int:
        """Where it sends from, and the identifier of its echo and fragments."""
        return 20_000 + self.number

    def either(self, four: str, six: str) -> str:
        """The one that fits the family."""
        return six if self.version == 6 else four


class Ears:
    """Everything that arrives at one interface, for as long as the place stands."""

    def __init__(self, place: Namespace, interface: str) -> None:
        self.frames = list[bytes]()
        with inside(place.name):
            self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ALL))
            self.socket.setsockopt(socket.SOL_SOCKET, _RCVBUFFORCE, 8_000_000)
            self.socket.bind((interface, _ALL))
            self.socket.settimeout(0.1)
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        while not self._end.is_set():
            try:
                frame, where = self.socket.recvfrom(70_000)
            except TimeoutError:
                continue
            if where[2] != _OUTGOING:
                self.frames.append(frame)

    def send(self, frame: bytes) -> None:
        """Put a frame on the cable."""
        self.socket.send(frame)

    def heard(self, word: str) -> bool:
        """Whether a word ever came."""
        return any(word.encode() in frame for frame in self.frames)

    def close(self) -> None:
        """Listen no longer."""
        self._end.set()
        self._thread.join()
        self.socket.close()


def serve_names(place: Namespace) -> Attendants:
    """A name server in the internet: no name exists."""
    with inside(place.name):
        server = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    server.bind(("::", 53))

    def work(server: socket.socket) -> None:
        while True:
            try:
                question, caller = server.recvfrom(2000)
                if not question:
                    return
                server.sendto(question[:2] + b"\x81\x83" + question[4:], caller)
            except OSError:
                return

    attendants = Attendants()
    attendants.begin(work, server)
    return attendants


def frames(cell: Cell, sender: Sender) -> Iterator[bytes]:
    """The frames of a cell."""
    to = str(phone_mac(TARGET)) if cell.row == "a phone by its frame" else sender.gateway
    ether = Ether(src=sender.mac, dst=to)
    if cell.row == "TCP 443 in a VLAN":
        ether /= Dot1Q(vlan=1)
    for packet in _packets(cell, sender.source):
        group = packet.dst if packet.dst.startswith(("224.", "239.", "ff")) else None
        if group is not None:
            ether.dst = "33:33:00:00:00:fb" if ":" in group else "01:00:5e:00:00:fb"
        yield bytes(ether / packet)


def _packets(cell: Cell, source: str) -> list[Packet]:
    net, box, phone = cell.either(NET4, NET6), cell.either(BOX4, BOX6), cell.either(phone4(TARGET), phone6(TARGET))
    match cell.row.split():
        case ["ICMP", "echo"]:
            echo = ICMPv6EchoRequest(id=cell.port) if cell.version == 6 else ICMP(id=cell.port)
            return [_ip(cell, source, net) / echo / cell.word]
        case ["GRE"]:
            return [_ip(cell, source, net) / GRE() / Raw(cell.word)]
        case ["names", "outside", *_]:
            return [_question(cell, source, net, f"{cell.word}.example.org", "A")]
        case ["DNS", "tunnel"]:
            return [_question(cell, source, box, f"{'a' * 63}.{'b' * 63}.{cell.word}.tunnel.example", "TXT")]
        case ["fragments"]:
            return _cut(cell, _udp(cell, source, net, 4000, 2900), 1000)
        case ["a", "later", "fragment"]:
            return _cut(cell, _udp(cell, source, net, 4000, 2900, at_end=True), 1000)[-1:]
        case ["TCP", "443", "in", "fragments"]:
            return _cut(cell, _tcp(cell, source, net, 443), 24)
        case ["TCP", "443", "in", "tiny", "fragments"]:
            return _cut(cell, _tcp(cell, source, net, 443), 8)
        case ["TCP", "443", "behind", "options"]:
            return [_tcp(cell, source, net, 443, _options(cell))]
        case ["a", "source", "route"]:
            return [_tcp(cell, source, box, 443, _route(cell, net))]
        case ["multicast"]:
            return [_udp(cell, source, cell.either("239.1.2.3", "ff0e::123"), 4000)]
        case ["neighbourhood", "multicast"]:
            return [_udp(cell, source, cell.either("224.0.0.251", "ff02::fb"), 5353)]
        case ["a", "phone", *_]:
            return [_tcp(cell, source, phone, 9000)]
        case ["the", "box's", "TCP", port]:
            return [_tcp(cell, source, box, int(port))]
        case ["the", "box's", "UDP", port]:
            return [_udp(cell, source, box, int(port))]
        case ["the", "uplink's", "TCP", port]:
            return [_tcp(cell, source, cell.either("203.0.113.2", "2001:db8:1::2"), int(port))]
        case ["TCP", port, *_]:
            return [_tcp(cell, source, net, int(port))]
        case ["UDP", port]:
            return [_udp(cell, source, net, int(port))]
    raise ValueError(f"the matrix has no packets for {cell.row!r}")


def _ip(cell: Cell, source: str, to: str) -> Packet:
    return IPv6(src=source, dst=to) if cell.version == 6 else IP(src=source, dst=to, id=cell.port)


def _tcp(cell: Cell, source: str, to: str, port: int, head: list[Packet] | None = None) -> Packet:
    # A word in the very first packet (RFC 9293 section 3.4 allows data with SYN), at a multiple of 8 as fragments are cut.
    return _with(cell, source, to, head) / TCP(sport=cell.port, dport=port, flags="S", seq=1000) / Raw("...." + cell.word * 4)


def _with(cell: Cell, source: str, to: str, head: list[Packet] | None) -> Packet:
    whole = _ip(cell, source, to)
    if cell.version == 4 and head:
        whole.options = head
        return whole
    for part in head or ():
        whole /= part
    return whole


def _options(cell: Cell) -> list[Packet]:
    if cell.version == 4:
        return [IPOption_Router_Alert()]
    return [IPv6ExtHdrHopByHop(options=[RouterAlert(value=2)]), IPv6ExtHdrDestOpt(), IPv6ExtHdrFragment(id=cell.port)]


def _route(cell: Cell, by: str) -> list[Packet]:
    return [IPv6ExtHdrRouting(addresses=[by], segleft=1)] if cell.version == 6 else [IPOption_LSRR(routers=[by])]


def _udp(cell: Cell, source: str, to: str, port: int, size: int = 0, *, at_end: bool = False) -> Packet:
    filling = "x" * size
    text = filling + cell.word if at_end else cell.word + filling
    return _ip(cell, source, to) / UDP(sport=cell.port, dport=port) / Raw(text)


def _question(cell: Cell, source: str, to: str, name: str, kind: str) -> Packet:
    question = DNS(id=cell.number, rd=1, qd=DNSQR(qname=name, qtype=kind))
    return _ip(cell, source, to) / UDP(sport=cell.port, dport=53) / question


def _cut(cell: Cell, whole: Packet, size: int) -> list[Packet]:
    """Fragments of ``size`` bytes; scapy's own would not cut below its idea of a smallest size."""
    content = bytes(whole)[40:] if cell.version == 6 else bytes(whole)[20:]
    parts = []
    for start in range(0, len(content), size):
        more = start + size < len(content)
        if cell.version == 6:
            head = IPv6(src=whole.src, dst=whole.dst) / IPv6ExtHdrFragment(nh=whole.nh, offset=start // 8, m=more, id=cell.port)
        else:
            head = IP(src=whole.src, dst=whole.dst, proto=whole.proto, id=cell.port, flags="MF" if more else 0, frag=start // 8)
        parts.append(head / Raw(content[start : start + size]))
    return parts


@dataclass(frozen=True)
class Judge:
    """Reads the outcome of a cell from what every ear has heard."""

    internet: Ears
    senders: tuple[Ears, ...]
    target: Ears

    def outcome(self, cell: Cell) -> str:
        """``passes``, ``leaves`` (without an answer), ``box`` (answered, and never left), ``reset``, ``told``, ``silent``."""
        if cell.row.startswith(("a phone", "multicast", "neighbourhood")) and self.target.heard(cell.word):
            return "reaches a phone"
        ended = self._ended(cell)
        if self.internet.heard(cell.word):
            return "passes" if ended == "answered" else "leaves"
        return "box" if ended == "answered" else ended

    def _ended(self, cell: Cell) -> str:
        for ears in self.senders:
            for frame in ears.frames:
                if (how := _reads(cell, frame)) is not None:
                    return how
        return "silent"


def _reads(cell: Cell, frame: bytes) -> str | None:
    """How a frame that came to a phone ends a cell, or None when it is not about it."""
    if cell.port.to_bytes(2, "big") not in frame and cell.word.encode() not in frame:
        return None
    packet = Ether(frame).payload
    if not isinstance(packet, (IP, IPv6)) or packet.version != cell.version:
        return None
    inner = packet.payload
    if isinstance(inner, TCP) and inner.dport == cell.port:
        return "reset" if inner.flags.R else "answered"
    if isinstance(inner, UDP) and inner.dport == cell.port:
        return "answered"
    # ICMP and ICMPv6 by number: type 3 and 4, RFC 792 and RFC 4443; 0 and 129 are the echo's answers.
    kind = bytes(inner)[0]
    if isinstance(inner, TCP | UDP) or (packet.nh if cell.version == 6 else packet.proto) not in (1, 58):
        return None
    if cell.word.encode() not in frame:
        return None
    if kind in ((129,) if cell.version == 6 else (0,)):
        return "answered"
    return "told" if kind in ((1, 3, 4) if cell.version == 6 else (3, 11, 12)) else None


def pace() -> None:
    """The kernel tells each device of refusals 25 times a second in each family at most (``router_switches``)."""
    time.sleep(0.022)
