"""E The frames that the test phone sends, made by scapy, layer by layer (never ``scapy.all``, which loads everything)."""

from __future__ import annotations

from scapy.layers.dhcp import BOOTP, DHCP
from scapy.layers.dns import DNS, DNSQR
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import ICMPv6ND_RS, IPv6
from scapy.layers.l2 import ARP, Ether
from scapy.packet import Packet

from appliance.values import SELFTEST_PHONE

OWN = str(SELFTEST_PHONE)
_EVERYBODY = "ff:ff:ff:ff:ff:ff"
_ASKED_FOR = [1, 3, 6, 51, 54]  # RFC 2132: mask, router, name server, lease time, server
_SEGMENT = [("MSS", 1460)]


def discover(number: int) -> Packet:
    """RFC 2131: who gives addresses? Answered to everybody, because nobody has the phone's address yet."""
    return _dhcp(number, [("message-type", "discover"), ("param_req_list", _ASKED_FOR), "end"])


def request(number: int, address: str, server: str) -> Packet:
    """RFC 2131: that one, please."""
    asked = [("message-type", "request"), ("requested_addr", address), ("server_id", server)]
    return _dhcp(number, [*asked, ("param_req_list", _ASKED_FOR), "end"])


def release(number: int, address: str, server: str, router: str) -> Packet:
    """RFC 2131: done with it."""
    bootp = BOOTP(chaddr=bytes.fromhex(OWN.replace(":", "")), xid=number, ciaddr=address)
    options = DHCP(options=[("message-type", "release"), ("server_id", server), "end"])
    return Ether(src=OWN, dst=router) / IP(src=address, dst=server) / UDP(sport=68, dport=67) / bootp / options


def _dhcp(number: int, options: list[object]) -> Packet:
    bootp = BOOTP(chaddr=bytes.fromhex(OWN.replace(":", "")), xid=number, flags=0x8000)
    there = IP(src="0.0.0.0", dst="255.255.255.255") / UDP(sport=68, dport=67)
    return Ether(src=OWN, dst=_EVERYBODY) / there / bootp / DHCP(options=options)


def who_has(own: str, wanted: str) -> Packet:
    """RFC 826."""
    return Ether(src=OWN, dst=_EVERYBODY) / ARP(op=1, hwsrc=OWN, psrc=own, hwdst="00:00:00:00:00:00", pdst=wanted)


def that_is_me(asked: Packet) -> Packet:
    """The answer to somebody's ARP question for the phone's address."""
    question = asked[ARP]
    return Ether(src=OWN, dst=question.hwsrc) / ARP(op=2, hwsrc=OWN, psrc=question.pdst, hwdst=question.hwsrc, pdst=question.psrc)


def name_question(own: str, router: str, server: str, port: int, number: int, name: str) -> Packet:
    """RFC 1035: the IPv4 addresses of a name."""
    there = Ether(src=OWN, dst=router) / IP(src=own, dst=server) / UDP(sport=port, dport=53)
    return there / DNS(id=number, rd=1, qd=DNSQR(qname=name, qtype="A"))


def segment(
    own: str, router: str, there: str, ports: tuple[int, int], flags: str, numbers: tuple[int, int], body: bytes = b""
) -> Packet:
    """One TCP segment; ``ports`` from and to, ``numbers`` sequence and acknowledgement."""
    options = _SEGMENT if flags == "S" else []
    head = TCP(sport=ports[0], dport=ports[1], flags=flags, seq=numbers[0], ack=numbers[1], window=65_535, options=options)
    return Ether(src=OWN, dst=router) / IP(src=own, dst=there, flags="DF") / head / body


def datagram(own: str, router: str, there: str, ports: tuple[int, int]) -> Packet:
    """As long as the first of QUIC (RFC 9000 section 14.1)."""
    return Ether(src=OWN, dst=router) / IP(src=own, dst=there) / UDP(sport=ports[0], dport=ports[1]) / bytes(1200)


def router_solicitation() -> Packet:
    """RFC 4861 section 4.1, from nobody's address: the answer goes to all, and the box remembers no neighbour for it."""
    return Ether(src=OWN, dst="33:33:00:00:00:02") / IPv6(src="::", dst="ff02::2", hlim=255) / ICMPv6ND_RS()
