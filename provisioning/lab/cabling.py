"""E Lays and removes the lab's cables, and does to the uplink what weather and diggers do."""

from __future__ import annotations

import contextlib
import json
import shutil
from ipaddress import IPv4Interface, IPv6Interface
from pathlib import Path

from appliance.run import run
from appliance.values import Rate
from provisioning.lab import topology as plan
from provisioning.lab.netns import Namespace, connect, existing

NETNS_ETC = Path("/etc/netns")
"""Where ``ip netns exec`` finds a namespace's own ``resolv.conf``."""

Interface = IPv4Interface | IPv6Interface


def make_internet(hosts: tuple[plan.Host, ...]) -> Namespace:
    """The internet's namespace with its servers' addresses; it routes."""
    net = Namespace.create(plan.NET)
    _batch(net, plan.internet_commands(hosts))
    _switch(net, {"net.ipv4.ip_forward": 1, "net.ipv6.conf.all.forwarding": 1})
    for name in (plan.CPE, plan.ISP):
        _offloads_off(net, name)
    return net


def make_hub(net: Namespace) -> Namespace:
    """The hub's namespace, on a cable of its own behind the internet."""
    hub = Namespace.create(plan.HUB)
    connect(net, "hub", hub, "eth0")
    _batch(net, plan.edge_commands("hub", (plan.HUB_GATEWAY4, plan.HUB_GATEWAY6), ()))
    _batch(hub, plan.edge_commands("eth0", (plan.HUB4, plan.HUB6), (plan.HUB_GATEWAY4.ip, plan.HUB_GATEWAY6.ip)))
    give_resolver(hub.name, f"nameserver {plan.DNS4}\n")
    return hub


def make_box(net: Namespace, wan: str, down: Rate, up: Rate) -> Namespace:
    """The box's namespace with its uplink, the interface ``wan``, at the given rates."""
    box = Namespace.create(plan.BOX)
    connect(net, plan.LINE, box, wan)
    # A reboot does not give a network card another address; the provider's neighbour table would believe the old one for a while.
    box.ip("link", "set", wan, "address", plan.WAN_MAC)
    net.ip("link", "set", plan.LINE, "master", plan.MODEM)
    _batch(box, plan.edge_commands(wan, (plan.BOX4, plan.BOX6), (plan.GATEWAY4.ip, plan.GATEWAY6.ip)))
    set_rate(net, down, up)
    give_resolver(box.name, f"nameserver {plan.DNS4}\nnameserver {plan.DNS6}\n")
    return box


def make_machine(net: Namespace, bridge: str, wan: str, down: Rate) -> Namespace:
    """The place around a box that is a machine of its own: a line beside the demo's, ``bridge`` for phones, two sockets (taps).

    Nothing in here has an address: it is an access point and a cable.
    """
    place = Namespace.create(plan.CARD)
    _switch(place, {"net.ipv6.conf.all.disable_ipv6": 1, "net.ipv6.conf.default.disable_ipv6": 1})
    connect(net, plan.CARD_LINE, place, wan)
    net.ip("link", "set", plan.CARD_LINE, "master", plan.MODEM)
    net.run("tc", "-batch", "-", input=plan.queue_command(plan.CARD_LINE, down))
    _batch(place, plan.machine_commands(bridge, wan))
    place.run("nft", "-f", "-", input=plan.ACCESS_POINT_RULES)
    return place


def set_rate(net: Namespace, down: Rate, up: Rate) -> None:
    """Give the uplink other rates; takes effect at once."""
    net.run("tc", "-batch", "-", input=plan.shaping_commands(down, up))


def cut(net: Namespace) -> None:
    """Nothing passes the uplink any more; its carrier stays up."""
    net.run("nft", "-f", "-", input=plan.CUT_RULES)


def restore(net: Namespace) -> None:
    """Undo ``cut``; nothing happens when it is not cut."""
    net.run("nft", "delete", "table", "bridge", "lab_cut", check=False)


def make_phone(name: str) -> Namespace:
    """A phone's namespace, not yet on any Wi-Fi."""
    phone = Namespace.create(name)
    give_resolver(name, "")
    return phone


def plug(phone: Namespace, box: Namespace, bridge: str | None, port: str | None = None) -> None:
    """Bring a phone to the box: a cable from its ``wlan0`` into the bridge (None: left free, for the box to take itself).

    ``port`` names the box's end; else it has the phone's name.
    """
    port = port or plan.port_name(phone.name)
    connect(phone, "wlan0", box, port)
    phone.ip("link", "set", "wlan0", "address", plan.phone_mac(phone.name))
    if bridge is not None:
        box.ip("link", "set", port, "master", bridge)
        box.run("bridge", "link", "set", "dev", port, "hairpin", "off")


def unplug(phone: Namespace) -> None:
    """Out of reach; both ends of the cable go."""
    run(["ip", "-n", phone.name, "link", "delete", "wlan0"], check=False)


def give_resolver(name: str, text: str) -> None:
    """What a namespace's ``/etc/resolv.conf`` says; kept in place, for it is bind-mounted."""
    folder = NETNS_ETC / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "resolv.conf").write_text(text)


def pull_cables(place: Namespace) -> None:
    """Remove every cable of a place, both ends, before anything else is laid: a namespace itself goes only some time later."""
    links = json.loads(run(["ip", "-n", place.name, "-j", "link", "show", "type", "veth"]).stdout or "[]")
    for link in links:
        place.ip("link", "delete", link["ifname"])


def remove(name: str) -> None:
    """A namespace, what runs in it and its resolver file."""
    Namespace(name).destroy()
    shutil.rmtree(NETNS_ETC / name, ignore_errors=True)


def remove_all() -> list[str]:
    """Everything a demo made, whoever made it; the names of what was there. ``/etc/netns`` goes if that leaves it empty."""
    etc = [p.name for p in NETNS_ETC.iterdir()] if NETNS_ETC.exists() else []
    ours = sorted({name for name in [*existing(), *etc] if plan.OURS.match(name)})
    for name in ours:
        remove(name)
    if etc and not any(NETNS_ETC.iterdir()):
        with contextlib.suppress(OSError):  # somebody's mount point, or theirs again by now
            NETNS_ETC.rmdir()
    return ours


def _batch(place: Namespace, text: str) -> None:
    run(["ip", "-n", place.name, "-batch", "-"], input=text)


def _switch(place: Namespace, settings: dict[str, int]) -> None:
    place.run("sysctl", "-q", *(f"{key}={value}" for key, value in settings.items()))


def _offloads_off(place: Namespace, name: str) -> None:
    place.run("ethtool", "-K", name, "tso", "off", "gso", "off", "gro", "off", check=False)
