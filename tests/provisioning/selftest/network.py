"""A box at the other end of the test phone's cable, in memory: what each knob breaks, a real one could break too."""

from __future__ import annotations

from collections import deque

from scapy.layers.dhcp import BOOTP, DHCP
from scapy.layers.dns import DNS, DNSRR
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import ICMPv6ND_RA, ICMPv6ND_RS, ICMPv6NDOptPrefixInfo, ICMPv6NDOptUnknown, IPv6
from scapy.layers.l2 import ARP, Ether
from scapy.packet import Packet

from provisioning.selftest.frames import OWN

BOX, BOX_MAC, LEASED, OUTSIDE, NETWORK6 = "10.44.0.1", "02:00:00:00:00:99", "10.44.3.7", "198.51.100.1", "fd5c:a3b0:77::"
PAGE = b"HTTP/1.1 200 OK\r\nContent-Length: 2500\r\n\r\n" + b"p" * 2500
TO_PORTAL = b"HTTP/1.1 302 Found\r\nLocation: http://camp.internal/\r\nContent-Length: 0\r\n\r\n"


class Network:
    """A wire. ``broken`` names what does not work; ``heard`` is every frame of the phone's."""

    def __init__(self, *broken: str) -> None:
        self.broken, self.heard = set(broken), list[Packet]()
        self._frames = deque[bytes]()
        self._asked = dict[int, bytes]()
        self.answered_arp = 0

    def send(self, frame: bytes) -> None:
        packet = Ether(frame)
        assert packet.src == OWN, "the phone speaks as itself alone"
        self.heard.append(packet)
        for answer in self._answers(packet):
            self._frames.append(bytes(answer))

    def receive(self, timeout: float) -> bytes | None:
        return self._frames.popleft() if self._frames else None

    def _answers(self, packet: Packet) -> list[Packet]:
        if ICMPv6ND_RS in packet:
            return self._advertise()
        if ARP in packet:
            return self._arp(packet)
        if DHCP in packet:
            return self._dhcp(packet)
        if packet.dst != BOX_MAC:
            return []
        if DNS in packet:
            return self._dns(packet)
        if TCP in packet:
            return self._tcp(packet)
        return self._refuse(packet) if "quic" not in self.broken else []

    def _advertise(self) -> list[Packet]:
        if "ra" in self.broken:
            return []
        prefix = "fd00:bad::" if "prefix" in self.broken else NETWORK6
        head = Ether(src=BOX_MAC, dst="33:33:00:00:00:01") / IPv6(src="fe80::1", dst="ff02::1")
        of_the_api = head / ICMPv6ND_RA() / ICMPv6NDOptUnknown(type=37, data=b"https://camp.example/api\0\0\0\0\0\0")
        of_the_prefix = head / ICMPv6ND_RA() / ICMPv6NDOptPrefixInfo(prefix=prefix, prefixlen=64)
        return [of_the_api] if "no prefix" in self.broken else [of_the_api, of_the_prefix]

    def _arp(self, packet: Packet) -> list[Packet]:
        if packet[ARP].op == 2:
            self.answered_arp += 1
            return []
        if "arp" in self.broken:
            return []
        reply = Ether(src=BOX_MAC, dst=OWN) / ARP(op=2, hwsrc=BOX_MAC, psrc=BOX, hwdst=OWN, pdst=LEASED)
        # Like the kernel, it asks back who that was; and a stranger's question is none of the phone's business.
        asks = Ether(src=BOX_MAC, dst=OWN) / ARP(op=1, hwsrc=BOX_MAC, psrc=BOX, hwdst=OWN, pdst=LEASED)
        other = Ether(src=BOX_MAC, dst=OWN) / ARP(op=1, hwsrc=BOX_MAC, psrc=BOX, hwdst=OWN, pdst="10.44.3.8")
        return [other, asks, reply]

    def _dhcp(self, packet: Packet) -> list[Packet]:
        kind = dict(o for o in packet[DHCP].options if isinstance(o, tuple) and len(o) == 2)["message-type"]
        if kind == 7 or "dhcp" in self.broken or (kind == 3 and "ack" in self.broken):
            return []
        router = "10.44.0.254" if "router" in self.broken else BOX
        server = "10.44.0.254" if "server" in self.broken else BOX
        options = [("message-type", 2 if kind == 1 else 5), ("server_id", BOX), ("router", router), ("name_server", server), "end"]
        told = BOOTP(op=2, xid=packet[BOOTP].xid, yiaddr=LEASED, chaddr=packet[BOOTP].chaddr)
        head = Ether(src=BOX_MAC, dst="ff:ff:ff:ff:ff:ff") / IP(src=BOX, dst="255.255.255.255") / UDP(sport=67, dport=68)
        stranger = BOOTP(op=2, xid=packet[BOOTP].xid ^ 1, yiaddr="10.44.9.9", chaddr=packet[BOOTP].chaddr)
        return [head / stranger / DHCP(options=options), head / told / DHCP(options=options)]

    def _dns(self, packet: Packet) -> list[Packet]:
        if "dns" in self.broken:
            return []
        home = packet[DNS].qd[0].qname == b"camp.internal."
        address = OUTSIDE if "home" in self.broken or not home else BOX
        found = DNSRR(rrname=packet[DNS].qd[0].qname, type="A", rdata=address)
        return [self._back(packet) / DNS(id=packet[DNS].id, qr=1, qd=packet[DNS].qd, an=found)]

    def _tcp(self, packet: Packet) -> list[Packet]:
        segment = packet[TCP]
        if segment.dport == 443:
            if "https-open" in self.broken:
                return [self._back(packet, flags="SA", seq=9, ack=segment.seq + 1)]
            if "https-icmp" in self.broken:
                return self._refuse(packet)
            return [] if "https" in self.broken else [self._back(packet, flags="RA", ack=segment.seq + 1)]
        if "http" in self.broken or segment.flags.R:
            return []
        if segment.flags.S:
            return [self._back(packet, flags="SA", seq=1000, ack=segment.seq + 1)]
        body = bytes(segment.payload)
        return self._say(packet, body) if body.startswith(b"GET") else []

    def _say(self, packet: Packet, asked: bytes) -> list[Packet]:
        """In segments; the second comes before the first and again after it, as on a bad line."""
        text = TO_PORTAL if b"generate_204" in asked else PAGE
        if b"status.json" in asked and "portal" in self.broken:
            text = b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"
        ack = packet[TCP].seq + len(asked)
        parts = [(n, text[n : n + 1000]) for n in range(0, len(text), 1000)]
        if "cut" in self.broken:
            parts = parts[:1]
        frames = [self._back(packet, flags="PA", seq=1001 + n, ack=ack) / part for n, part in parts]
        return [*frames[1:2], *frames, *frames[1:2], self._back(packet, flags="FA", seq=1001 + len(text), ack=ack)]

    def _refuse(self, packet: Packet) -> list[Packet]:
        head = Ether(src=BOX_MAC, dst=OWN) / IP(src=BOX, dst=LEASED) / ICMP(type=3, code=3)
        return [head / bytes(packet[IP])[:48]]

    def _back(self, packet: Packet, **fields: object) -> Packet:
        head = Ether(src=BOX_MAC, dst=OWN) / IP(src=packet[IP].dst, dst=packet[IP].src)
        kind, asked = (TCP, packet[TCP]) if TCP in packet else (UDP, packet[UDP])
        return head / kind(sport=asked.dport, dport=asked.sport, **fields)
