"""The lab's plan: addresses that exist nowhere else, names that fit, texts that the tools understand."""

from __future__ import annotations

import ipaddress

import pytest

from appliance.values import Mac, Rate
from provisioning.lab import topology as plan

DOCUMENTATION = [ipaddress.ip_network("203.0.113.0/24"), ipaddress.ip_network("2001:db8::/32")]


def test_every_host_has_its_own_documentation_addresses() -> None:
    hosts = plan.web_hosts(tuple(f"host{n}.example" for n in range(60)))
    used = [address for host in hosts for address in (host.address, host.address6)]
    used += [plan.DNS4, plan.DNS6, plan.BOX4.ip, plan.BOX6.ip, plan.HUB4.ip, plan.HUB6.ip, plan.GATEWAY4.ip, plan.GATEWAY6.ip]
    used += [plan.TIME4, plan.TIME6]
    assert len(set(used)) == len(used)
    assert all(any(address in net for net in DOCUMENTATION if net.version == address.version) for address in used)


def test_too_many_hosts_are_refused_rather_than_given_an_address_outside() -> None:
    with pytest.raises(ValueError, match="150"):
        plan.web_hosts(tuple(f"h{n}" for n in range(151)))


def test_phones_have_different_local_macs_and_port_names_that_fit() -> None:
    names = [plan.phone_name(n) for n in range(1, 61)] + [
        plan.VISITOR,
        "campbox-guest-reboot6",
        *(plan.guest_name(n) for n in range(21)),
    ]
    macs = {plan.phone_mac(name) for name in names}
    assert len(macs) == len(names)
    assert all(int(Mac(mac).text[:2], 16) & 3 == 2 for mac in macs)  # unicast, locally administered
    assert all(len(plan.port_name(name)) <= 15 for name in names)


@pytest.mark.parametrize(
    "name", [plan.NET, plan.HUB, plan.BOX, plan.VISITOR, plan.CARD, plan.guest_name(0), plan.phone_name(12), "campbox-guest-a1"]
)
def test_clean_up_knows_its_own(name: str) -> None:
    assert plan.OURS.match(name)


@pytest.mark.parametrize("name", ["campbox", "campbox-phone-", "campbox-phone-1x", "campbox-bench-1", "my-campbox-net", "vpn"])
def test_clean_up_leaves_others_alone(name: str) -> None:
    assert plan.OURS.match(name) is None


def test_the_line_is_shaped_in_both_directions_outside_the_box() -> None:
    text = plan.shaping_commands(Rate.parse("10mbit"), Rate.parse("512kbit"))
    assert text == (
        "qdisc replace dev line root tbf rate 10000000bit burst 5000 latency 300ms\n"
        "qdisc replace dev cpe root tbf rate 512000bit burst 3100 latency 300ms\n"
    )


def test_phones_at_an_access_point_reach_the_machine_alone() -> None:
    laid = plan.machine_commands("br-lan", "eth1")
    assert f"link set {plan.LAN_TAP} master br-lan" in laid
    assert f"link set {plan.WAN_TAP} master {plan.WIRE}" in laid and f"link set eth1 master {plan.WIRE}" in laid
    assert f"link set {plan.WAN_TAP} master br-lan" not in laid
    assert "address" not in laid
    rules = [line.strip() for line in plan.ACCESS_POINT_RULES.splitlines()]
    assert rules[rules.index("drop") - 1].startswith("oifname")
