"""What the gate's rules do in a real kernel; the same tests run on Debian's 6.1 in the virtual machine."""

from __future__ import annotations

import ipaddress
import os
import shutil
import socket
import time
from contextlib import AbstractContextManager

import pytest

from appliance.gate.bridge import bridge_mac
from appliance.gate.elements import Admit, Element, Extend, FreeMark, Lower, Raise
from appliance.gate.kernel import Kernel, Nftables
from appliance.gate.ruleset import NEWCOMERS, ruleset
from tests.fakes.kernel_contract import KernelContract
from tests.real import gate_kernel_place
from tests.real.gate_camp import (
    BOX4,
    BOX6,
    NET4,
    NET6,
    PATIENCE,
    Camp,
    inside,
    phone4,
    phone6,
    phone_mac,
    pings,
    reaches,
    tables,
    tcp,
    udp,
    until,
)
from tests.real.refusing_disk import injected

pytestmark = [pytest.mark.net, pytest.mark.kernel]
ONE, TWO = phone_mac(1), phone_mac(2)
BOTH = pytest.mark.parametrize("net", [NET4, NET6], ids=["IPv4", "IPv6"])
camp, kernel = gate_kernel_place.camp, gate_kernel_place.kernel


class TestRealKernelKeepsTheContract(KernelContract):
    """The body that the fake kernel passes as well."""

    @pytest.fixture
    def contract_kernel(self, camp: Camp, kernel: Nftables) -> Nftables:
        self.camp = camp
        return kernel

    def flush(self, kernel: Kernel) -> None:
        self.camp.box.run("nft", "flush", "ruleset")

    def load(self, kernel: Kernel) -> None:
        assert isinstance(kernel, Nftables)
        gate_kernel_place.load(kernel, self.camp)

    def wait(self, seconds: float) -> None:
        time.sleep(seconds)

    def refusing(self, kernel: Kernel) -> AbstractContextManager[None]:
        """The kernel has no room for a message: strace answers this very process so."""
        if shutil.which("strace") is None:
            pytest.skip("needs strace: not in the emulated machine")
        return injected(os.getpid(), "sendmsg,sendto", "error=ENOBUFS")


@BOTH
def test_captive_web_is_led_to_the_portal(camp: Camp, kernel: Nftables, net: str) -> None:
    assert tcp(camp.phones[0], net, 80) == "portal"


@BOTH
def test_captive_https_is_refused_with_a_reset(camp: Camp, kernel: Nftables, net: str) -> None:
    assert tcp(camp.phones[0], net, 443) == "refused"


@BOTH
def test_captive_quic_and_dot_are_told_by_icmp(camp: Camp, kernel: Nftables, net: str) -> None:
    assert udp(camp.phones[0], net, 443) == "refused"
    assert udp(camp.phones[0], net, 853) == "refused"
    assert tcp(camp.phones[0], net, 853) == "refused"


@BOTH
def test_captive_other_protocols_are_refused_never_silently(camp: Camp, kernel: Nftables, net: str) -> None:
    assert tcp(camp.phones[0], net, 22) == "refused"
    assert udp(camp.phones[0], net, 4000) in ("unreachable", "prohibited")
    assert not pings(camp.phones[0], net)


@BOTH
def test_captive_names_never_leave_the_box(camp: Camp, kernel: Nftables, net: str) -> None:
    assert udp(camp.phones[0], net, 53) == "captive-names"
    assert tcp(camp.phones[0], net, 53) == "captive-names"


def test_names_asked_of_the_box_s_link_local_address_are_answered_as_well(camp: Camp, kernel: Nftables) -> None:
    """Router advertisements may name it as the resolver; the answer comes from the address that was asked."""
    octets = bytearray.fromhex(bridge_mac(camp.config).text.replace(":", ""))
    octets[0] ^= 2
    own = ipaddress.IPv6Address(b"\xfe\x80" + bytes(6) + octets[:3] + b"\xff\xfe" + octets[3:])
    assert until(lambda: udp(camp.phones[0], f"{own}%wlan", 53) == "captive-names")
    kernel.perform([Admit(ONE, 5, 60)])
    assert udp(camp.phones[0], f"{own}%wlan", 53) == "names"


def test_captive_sees_only_what_the_box_offers(camp: Camp, kernel: Nftables) -> None:
    for box in (BOX4, BOX6):
        assert tcp(camp.phones[0], box, 80) == "portal"
        assert udp(camp.phones[0], box, 53) == "captive-names"
        assert reaches(camp.phones[0], box)
        assert tcp(camp.phones[0], box, 22) == "refused"
        assert tcp(camp.phones[0], box, 8081) == "refused"
        assert tcp(camp.phones[0], box, 5354) == "refused"
        assert udp(camp.phones[0], box, 5354) == "refused" or udp(camp.phones[0], box, 5354) in ("unreachable", "prohibited")
        assert udp(camp.phones[0], box, 4000) in ("unreachable", "prohibited")


def test_an_admitted_phone_reaches_the_internet_over_both_families(camp: Camp, kernel: Nftables) -> None:
    kernel.perform([Admit(ONE, 5, 60)])
    for net in (NET4, NET6):
        assert tcp(camp.phones[0], net, 80) == "internet"
        assert tcp(camp.phones[0], net, 443) == "internet"
        assert udp(camp.phones[0], net, 443) == "internet"
        assert udp(camp.phones[0], net, 53) == "internet"
        assert reaches(camp.phones[0], net)
    assert tcp(camp.phones[1], NET4, 443) == "refused", "the other phone is still captive"


def test_the_internet_sees_the_box_and_not_the_phone(camp: Camp, kernel: Nftables) -> None:
    kernel.perform([Admit(ONE, 5, 60)])
    with inside(camp.phones[0].name):
        for host, seen in ((NET4, "::ffff:203.0.113.2"), (NET6, "2001:db8:1::2")):
            with socket.create_connection((host, 443), PATIENCE) as client:
                client.send(b"hello")
                assert client.recv(200).decode().split()[1] == seen


def test_admitted_names_come_from_the_forwarding_resolver(camp: Camp, kernel: Nftables) -> None:
    kernel.perform([Admit(ONE, 5, 60)])
    for box in (BOX4, BOX6):
        assert udp(camp.phones[0], box, 53) == "names"
        assert tcp(camp.phones[0], box, 53) == "names"
        assert tcp(camp.phones[0], box, 80) == "portal"


def test_an_expired_session_is_cut_at_once(camp: Camp, kernel: Nftables) -> None:
    kernel.perform([Admit(ONE, 5, 60)])
    with inside(camp.phones[0].name):
        flow = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with flow:
        flow.connect((NET4, 4000))
        flow.settimeout(PATIENCE)
        flow.send(b"hello")
        assert flow.recv(100).startswith(b"internet")
        kernel.perform([Extend(ONE, 5, 1)])
        assert until(lambda: kernel.element(ONE) is None)
        # The connection is known to the kernel, and yet its next packet does not pass: every packet is looked up.
        flow.settimeout(0.5)
        flow.send(b"hello")
        with pytest.raises(OSError):
            flow.recv(100)
    assert tcp(camp.phones[0], NET4, 443) == "refused"


def test_loading_the_rules_again_keeps_people_online_and_doubles_nothing(camp: Camp, kernel: Nftables) -> None:
    kernel.perform([Admit(ONE, 5, 60), Raise("grace", 60)])
    rules = [line for line in tables(camp.box).splitlines() if "elements" not in line and "expires" not in line]
    gate_kernel_place.load(kernel, camp)
    assert kernel.element(ONE) is not None
    assert kernel.listing().grace_left is not None
    assert [line for line in tables(camp.box).splitlines() if "elements" not in line and "expires" not in line] == rules


def test_a_set_with_another_definition_is_made_anew_with_its_people(camp: Camp, kernel: Nftables) -> None:
    kernel.perform([Admit(ONE, 5, 60)])
    tcp(camp.phones[0], NET4, 443)
    before = kernel.element(ONE)
    assert before is not None and before.octets > 0
    other = ruleset(camp.config, knows_bridges=False).replace("size 16384", "size 16000")
    kernel.load(other)
    after = kernel.element(ONE)
    assert after is not None and after.octets >= before.octets
    assert tcp(camp.phones[0], NET4, 443) == "internet"
    gate_kernel_place.load(kernel, camp)


def test_counters_tell_what_each_person_carried_both_ways(camp: Camp, kernel: Nftables) -> None:
    kernel.perform([Admit(ONE, 5, 60), Admit(TWO, 6, 60)])
    for _ in range(3):
        assert tcp(camp.phones[0], NET4, 443) == "internet"
        assert tcp(camp.phones[0], NET6, 443) == "internet"
    received, sent = kernel.carried()
    assert received[5] > 300 and sent[5] > 300
    assert 6 not in received and 6 not in sent
    assert tcp(camp.phones[1], BOX4, 80) == "portal"
    assert 6 not in kernel.carried()[1], "what the box itself serves is not the uplink's"
    kernel.perform([FreeMark(5)])
    assert 5 not in kernel.carried()[0]


def test_downloads_bear_the_mark_of_the_person_who_asked(camp: Camp, kernel: Nftables) -> None:
    kernel.perform([Admit(ONE, 5, 60), Admit(TWO, 6, 60)])
    camp.box.run("nft", "add table inet probe; add chain inet probe out { type filter hook postrouting priority 200; };"
                 'add rule inet probe out oifname "br-lan" meta mark 5 counter comment "one";'
                 'add rule inet probe out oifname "br-lan" meta mark 6 counter comment "two"')  # fmt: skip
    try:
        for net in (NET4, NET6):
            assert tcp(camp.phones[0], net, 443) == "internet"
        lines = tables(camp.box).splitlines()
        one, two = (next(line for line in lines if f'"{name}"' in line) for name in ("one", "two"))
        assert "packets 0 " not in one
        assert "packets 0 " in two
    finally:
        camp.box.run("nft", "delete table inet probe")


def test_phones_are_kept_apart(camp: Camp, kernel: Nftables) -> None:
    camp.listen(camp.phones[1], socket.SOCK_STREAM, 9000, "phone")
    kernel.perform([Admit(ONE, 5, 60), Admit(TWO, 6, 60)])
    for other in (phone4(2), phone6(2)):
        assert tcp(camp.phones[0], other, 9000, timeout=1.0) in ("nothing", "unreachable")
    # Nor by a detour over the box's routing.
    camp.phones[0].ip("route", "add", f"{phone4(2)}/32", "via", BOX4)
    try:
        assert tcp(camp.phones[0], phone4(2), 9000) == "refused"
    finally:
        camp.phones[0].ip("route", "del", f"{phone4(2)}/32", "via", BOX4)


def test_a_foreign_source_address_goes_nowhere(camp: Camp, kernel: Nftables) -> None:
    kernel.perform([Admit(ONE, 5, 60)])
    # The kernel's own reverse path filter would stop it as well: here the rule has to.
    camp.box.run("sh", "-c", "echo 0 >/proc/sys/net/ipv4/conf/br-lan/rp_filter; echo 0 >/proc/sys/net/ipv4/conf/all/rp_filter")
    camp.phones[0].ip("address", "add", "198.51.100.9/32", "dev", "wlan")
    camp.phones[0].ip("address", "add", "2001:db8:9::9/128", "dev", "wlan", "nodad")
    try:
        for family, own, host in ((socket.AF_INET, "198.51.100.9", NET4), (socket.AF_INET6, "2001:db8:9::9", NET6)):
            with inside(camp.phones[0].name), socket.socket(family, socket.SOCK_DGRAM) as client:
                client.bind((own, 0))
                client.sendto(b"hello", (host, 4000))
        time.sleep(0.2)
        assert 5 not in kernel.carried()[1]
    finally:
        camp.phones[0].ip("address", "del", "198.51.100.9/32", "dev", "wlan")
        camp.phones[0].ip("address", "del", "2001:db8:9::9/128", "dev", "wlan")
        camp.box.run("sh", "-c", "echo 1 >/proc/sys/net/ipv4/conf/br-lan/rp_filter")


def test_nothing_begins_from_the_uplink(camp: Camp, kernel: Nftables) -> None:
    camp.listen(camp.phones[0], socket.SOCK_STREAM, 9001, "phone")
    kernel.perform([Admit(ONE, 5, 60)])
    assert tcp(camp.net, "203.0.113.2", 80, timeout=0.5) == "nothing"
    assert tcp(camp.net, "203.0.113.2", 22, timeout=0.5) == "nothing"
    camp.net.ip("route", "add", "10.44.0.0/20", "via", "203.0.113.2")
    try:
        assert tcp(camp.net, phone4(1), 9001, timeout=0.5) == "nothing"
    finally:
        camp.net.ip("route", "del", "10.44.0.0/20", "via", "203.0.113.2")


@BOTH
def test_while_the_uplink_is_down_the_admitted_web_says_so(camp: Camp, kernel: Nftables, net: str) -> None:
    box = BOX6 if ":" in net else BOX4
    kernel.perform([Admit(ONE, 5, 60), Raise("offline", 60)])
    assert tcp(camp.phones[0], net, 80) == "offline"
    assert tcp(camp.phones[0], box, 80) == "portal"
    assert udp(camp.phones[0], box, 53) == "captive-names"
    assert tcp(camp.phones[1], net, 80) == "portal", "the captive see the portal as before"
    kernel.perform([Lower("offline")])
    assert tcp(camp.phones[0], net, 80) == "internet"
    assert udp(camp.phones[0], box, 53) == "names"


def test_during_the_grace_everyone_passes_with_a_mark_for_fair_shares(camp: Camp, kernel: Nftables) -> None:
    kernel.perform([Raise("grace", 60), Admit(TWO, 6, 60, "guests")])
    for phone in camp.phones:
        assert tcp(phone, NET4, 443) == "internet"
        assert tcp(phone, NET6, 443) == "internet"
    assert set(kernel.carried()[0]) == {NEWCOMERS, 6}
    kernel.perform([Lower("grace")])
    assert tcp(camp.phones[0], NET4, 443) == "refused"


def test_one_address_is_not_enough_for_another_device(camp: Camp, kernel: Nftables) -> None:
    """A captive phone that takes an admitted one's IP address stays captive: the set knows devices, not addresses."""
    kernel.perform([Admit(TWO, 6, 60)])
    camp.phones[0].ip("address", "add", f"{phone4(9)}/20", "dev", "wlan")
    try:
        assert tcp(camp.phones[0], NET4, 443) == "refused"
    finally:
        camp.phones[0].ip("address", "del", f"{phone4(9)}/20", "dev", "wlan")


def steady(kernel: Nftables) -> Element | None:
    """The element once the last packets of a closing connection are counted."""
    before, now = None, kernel.element(ONE)
    while before is None or now is None or before.packets != now.packets:
        time.sleep(0.3)
        before, now = now, kernel.element(ONE)
    return now


def test_extending_really_extends_and_carries_the_counter_over(camp: Camp, kernel: Nftables) -> None:
    kernel.perform([Admit(ONE, 5, 30)])
    assert tcp(camp.phones[0], NET4, 443) == "internet"
    before = steady(kernel)
    kernel.perform([Extend(ONE, 5, 3_000)])
    after = kernel.element(ONE)
    assert isinstance(before, Element) and isinstance(after, Element)
    assert after.seconds_left > 2_900
    assert after.octets == before.octets > 0 and after.packets == before.packets > 0
    assert after.mark == 5
