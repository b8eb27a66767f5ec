"""What one device may use up of what all share, in the kernel, with the real gate and the real DHCP server (N5 and its kind)."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from scapy.layers.dhcp6 import DUID_LL, DHCP6_InfoRequest, DHCP6_Reply, DHCP6OptClientId, DHCP6OptOptReq
from scapy.layers.inet import ICMP, IP, UDP
from scapy.layers.inet6 import ICMPv6ND_NS, ICMPv6ND_RA, ICMPv6ND_RS, ICMPv6NDOptSrcLLAddr, IPv6
from scapy.layers.l2 import ARP, Dot1Q, Ether
from scapy.packet import Packet

from appliance.gate.bounds import ADDRESSES, ARRIVALS, ECHOES, LEASES, REMEMBERED, ROUTERS
from appliance.gate.bridge import bridge_mac
from provisioning.lab.pace import patient
from tests.real.gate_camp import BOX4, BOX6, NET4, Camp, phone4, phone6, phone_mac, reaches, udp
from tests.real.gate_place import Place, see, start_names
from tests.real.raw_frames import EVERYBODY, answers, dhcp, lease, made_up, wire

pytestmark = [pytest.mark.net]
ONE, TWO = phone_mac(1).text, phone_mac(2).text
ALL_ROUTERS = "33:33:00:00:00:02"


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    with ExitStack() as stack:
        camp = Camp("gbounds", phones=3)
        stack.callback(camp.close)
        camp.plug_in_first()
        made = Place(camp, "campbox-test-bounds")
        stack.callback(made.close)
        made.start()
        camp.plug_in()
        camp.listen(camp.net, socket.SOCK_DGRAM, 4000, "internet")
        start_names(made, stack)
        see(made)
        yield made


def forget(place: Place, *names: str) -> None:
    """Begin anew with these sets of the inet table."""
    for name in names:
        place.camp.box.run("nft", "flush", "set", "inet", "campbox", name)


def told(place: Place, packet: bytes) -> int:
    """How many answers of the DHCP server one packet from phone 1 brings; as if it had asked nothing before."""
    forget(place, LEASES.name)
    with wire(place.camp.phones[0]) as raw:
        raw.send(packet)
        return len(answers(raw, 1, 0.5))


def test_n5_addresses_are_leased_to_the_frames_own_sender_alone(place: Place) -> None:
    """Before the mend, one device took 4,093 addresses in 43 s with hardware addresses that were not its own."""
    with wire(place.camp.phones[0]) as raw:
        own = lease(raw, ONE, ONE, patience=patient(5.0))
        assert own is not None
        for number in range(12):
            forget(place, LEASES.name)
            assert lease(raw, ONE, made_up(number), patience=0.3) is None
        forget(place, LEASES.name)
        assert lease(raw, ONE, TWO, patience=0.3) is None, "somebody's own address is as foreign"
        assert lease(raw, ONE, ONE, patience=patient(5.0)) == own


def test_n5_other_client_ids_bring_no_other_address(place: Place) -> None:
    """A device is its hardware address: RFC 2131's client identifier is the client's own word."""
    with wire(place.camp.phones[0]) as raw:
        forget(place, LEASES.name)
        found = {lease(raw, ONE, ONE, client=bytes([0, number]) * 4, patience=patient(5.0)) for number in range(6)}
    assert len(found) == 1 and None not in found


@pytest.mark.parametrize(
    ("what", "fields"),
    [("another kind of hardware", {"htype": 6}), ("a longer address", {"hlen": 16}), ("a shorter one", {"hlen": 5}),
     ("a relay", {"giaddr": phone4(1)}), ("an answer", {"op": 2})],
)  # fmt: skip
def test_n5_what_no_phone_asks_is_not_answered(place: Place, what: str, fields: dict[str, Any]) -> None:
    assert told(place, dhcp(ONE, ONE)) == 1, "the same packet without it is"
    assert told(place, dhcp(ONE, ONE, **fields)) == 0, what


def test_n5_cut_into_fragments_or_in_a_vlan_it_is_the_same(place: Place) -> None:
    """The kernel compares what has been put together, so that no cut hides the hardware address."""
    for chaddr, wanted in ((ONE, 1), (made_up(1), 0)):
        whole = Ether(dhcp(ONE, chaddr))
        forget(place, LEASES.name)
        with wire(place.camp.phones[0]) as raw:
            for part in _cut(whole, 40):
                raw.send(part)
            assert len(answers(raw, 1, 0.5)) == wanted
        assert told(place, bytes(Ether(src=ONE, dst=EVERYBODY) / Dot1Q(vlan=0) / whole[IP])) == wanted


def _cut(whole: Packet, size: int) -> list[bytes]:
    """The first fragment ends before or in the hardware address (RFC 791 section 3.2); scapy's own does not cut so small."""
    body, head = bytes(whole[IP].payload), {"src": whole[IP].src, "dst": whole[IP].dst, "proto": 17, "id": 4711}
    parts = [body[:32], *(body[at : at + size] for at in range(32, len(body), size))]
    places = [0, *range(32, len(body), size)]
    return [
        bytes(Ether(src=whole.src, dst=whole.dst) / IP(**head, flags=0 if part is parts[-1] else 1, frag=at // 8) / part)
        for at, part in zip(places, parts, strict=True)
    ]


def test_n5_one_device_asks_for_addresses_so_often_and_no_oftener(place: Place) -> None:
    forget(place, LEASES.name)
    with wire(place.camp.phones[0]) as raw:
        for _ in range(LEASES.at_once * 3):
            raw.send(dhcp(ONE, ONE))
        offered = len(answers(raw, LEASES.at_once * 3))
    assert offered <= LEASES.at_once + 2
    with wire(place.camp.phones[1]) as other:
        assert lease(other, TWO, TWO, patience=patient(5.0)) is not None


def _here(place: Place) -> set[str]:
    listed = place.camp.box.run("nft", "list", "set", "bridge", "campbox", "here").stdout
    return {word for word in listed.replace(",", " ").split() if word.count(":") == 5}


def test_n5_made_up_hardware_addresses_use_up_their_own_port_alone(place: Place) -> None:
    with wire(place.camp.phones[0]) as raw:
        for number in range(ARRIVALS.at_once * 2):
            source = made_up(0x10000 + number)
            raw.send(bytes(Ether(src=source, dst=EVERYBODY) / ARP(hwsrc=source, psrc="10.44.9.9", pdst=BOX4)))
        time.sleep(0.5)
        invented = [mac for mac in _here(place) if mac.startswith("06:00:00:01")]
        assert ARRIVALS.at_once * 0.9 <= len(invented) <= ARRIVALS.at_once * 1.5
    forget(place, LEASES.name)
    with wire(place.camp.phones[0]) as raw:  # another: a thousand answers fill what the first one can keep
        assert lease(raw, ONE, ONE, patience=patient(5.0)) is not None, "whoever is there already is not held up"
    newcomer = made_up(0x20000)
    with wire(place.camp.phones[2]) as elsewhere:
        assert lease(elsewhere, newcomer, newcomer, patience=patient(5.0)) is not None, "nor is a newcomer on another port"
    place.camp.box.run("nft", "flush", "set", "bridge", "campbox", ARRIVALS.name)


def _neighbours(place: Place, mac: str) -> int:
    return sum(mac in line for line in place.camp.box.run("ip", "neighbour", "show", "dev", "br-lan").stdout.splitlines())


@pytest.mark.parametrize("version", [4, 6])
def test_n5_one_devices_addresses_do_not_fill_the_table_of_neighbours(place: Place, version: int) -> None:
    """Each is a neighbour to the kernel, whose table takes 1,024 as it is delivered, for all devices together."""
    place.camp.box.run("nft", "flush", "set", "bridge", "campbox", ADDRESSES.name)
    with wire(place.camp.phones[0]) as raw:
        for number in range(1, ADDRESSES.at_once * 5):
            if version == 4:
                address = f"10.44.{4 + number // 250}.{1 + number % 250}"
                raw.send(bytes(Ether(src=ONE, dst=EVERYBODY) / ARP(hwsrc=ONE, psrc=address, pdst=BOX4)))
            else:
                asks = ICMPv6ND_NS(tgt=BOX6) / ICMPv6NDOptSrcLLAddr(lladdr=ONE)
                source = f"{phone6(1).rpartition('::')[0]}::9:{number:x}"
                raw.send(bytes(Ether(src=ONE, dst=bridge_mac(place.camp.config).text) / IPv6(src=source, dst=BOX6) / asks))
        time.sleep(0.5)
    assert ADDRESSES.at_once * 0.5 <= _neighbours(place, ONE) <= ADDRESSES.at_once * 2.5
    assert reaches(place.camp.phones[0], BOX4) and reaches(place.camp.phones[0], BOX6), "the addresses it had are as before"
    assert reaches(place.camp.phones[1], BOX4) and reaches(place.camp.phones[1], BOX6)


def _remembered(place: Place) -> int:
    """Entries in the kernel's table of connections."""
    return int(place.camp.box.run("cat", "/proc/sys/net/netfilter/nf_conntrack_count").stdout)


def test_n5_one_devices_flows_do_not_fill_the_table_of_connections(place: Place) -> None:
    for number in (1, 2):
        assert place.ask("admit", phone4(number))["ok"]
    before = _remembered(place)
    gateway = bridge_mac(place.camp.config).text
    packet = bytearray(bytes(Ether(src=ONE, dst=gateway) / IP(src=phone4(1), dst=NET4) / UDP(sport=1, dport=4000, chksum=0) / b"x"))
    with wire(place.camp.phones[0]) as raw:
        for number in range(REMEMBERED.at_once * 3):
            packet[34:36] = (1024 + number).to_bytes(2, "big")
            raw.send(packet)
    assert REMEMBERED.at_once * 0.9 <= _remembered(place) - before <= REMEMBERED.at_once + 100
    assert udp(place.camp.phones[1], NET4, 4000) == "internet"
    assert reaches(place.camp.phones[2], BOX4)
    place.camp.box.run("conntrack", "-F")
    place.ask("dismiss", phone4(1))


def _heard(raw: socket.socket, kind: type[Packet]) -> int:
    """How many of a kind come until it is quiet; dnsmasq may answer after a second or two."""
    raw.settimeout(patient(5.0))
    found = 0
    while True:
        try:
            found += kind in Ether(raw.recv(4000))
        except TimeoutError:
            return found


def test_n5_questions_of_dhcpv6_are_bounded_like_those_of_dhcp(place: Place) -> None:
    """Stateless: there is nothing to lease, but each is answered by the server that everybody's address and names come from."""
    forget(place, LEASES.name)
    said = place.camp.phones[0].run("ip", "-json", "-6", "address", "show", "dev", "wlan", "scope", "link").stdout
    # The server asks for the address that it answers to; ip names what it left out by nothing at all.
    own = next(one["local"] for link in json.loads(said) for one in link.get("addr_info", ()) if "local" in one)
    head = Ether(src=ONE, dst="33:33:00:01:00:02") / IPv6(src=own, dst="ff02::1:2") / UDP(sport=546, dport=547)
    asked = bytes(head / DHCP6_InfoRequest(trid=5) / DHCP6OptClientId(duid=DUID_LL(lladdr=ONE)) / DHCP6OptOptReq(reqopts=[23]))
    with wire(place.camp.phones[0]) as raw:
        for _ in range(LEASES.at_once * 6):
            raw.send(asked)
        assert 1 <= _heard(raw, DHCP6_Reply) <= LEASES.at_once * 2, "a few more flow in while it is asked and heard"


def test_n5_solicitations_of_one_device_are_bounded(place: Place) -> None:
    """Each could be answered to everybody, at the lowest rate of the air."""
    local = "fe80::ff:fe00:101"
    asks = (
        Ether(src=ONE, dst=ALL_ROUTERS)
        / IPv6(src=local, dst="ff02::2", hlim=255)
        / ICMPv6ND_RS()
        / ICMPv6NDOptSrcLLAddr(lladdr=ONE)
    )
    with wire(place.camp.phones[0]) as raw:
        for _ in range(ROUTERS.at_once * 6):
            raw.send(bytes(asks))
        assert 1 <= _heard(raw, ICMPv6ND_RA) <= ROUTERS.at_once + 5


def test_n5_echoes_of_one_device_are_bounded(place: Place) -> None:
    sent = ECHOES.at_once * 3
    asks = bytes(Ether(src=ONE, dst=bridge_mac(place.camp.config).text) / IP(src=phone4(1), dst=BOX4) / ICMP(id=9))
    with wire(place.camp.phones[0]) as raw:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        for _ in range(sent):
            raw.send(asks)
        answered = 0
        while True:
            try:
                packet = Ether(raw.recv(2000))
            except TimeoutError:
                break
            answered += ICMP in packet and packet[ICMP].type == 0
    assert ECHOES.at_once * 0.8 <= answered <= ECHOES.at_once * 1.6
    assert reaches(place.camp.phones[1], BOX4)
