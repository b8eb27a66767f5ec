"""P The site file: TOML text -> a frozen SiteConfig, or an error naming file, line, key and mend."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeVar, cast

from appliance import config_kinds as kinds
from appliance.emergency import KINDS, Number
from appliance.toml_reader import Reader, Table, flag, listed, number, one_of, text, whole
from appliance.values import BoxId, Rate, is_fictional

T = TypeVar("T")
FORMAT = 1
"""The format of site files this Campbox reads; it grows when a file written for a newer one would be misread here."""


@dataclass(frozen=True)
class Site:
    """The place people know: its own name is what they see."""

    id: BoxId
    name: str
    country: str
    timezone: str
    languages: tuple[str, ...]


@dataclass(frozen=True)
class Lan:
    """The side of the people. ``address`` and ``address6`` are the box's own, with their networks; the bridge is br-lan."""

    interface: str
    address: ipaddress.IPv4Interface
    address6: ipaddress.IPv6Interface
    bridge: str


@dataclass(frozen=True)
class Radio:
    """The box's own access point (hostapd): an open network; with ``owe`` also an encrypted one without a password, for phones
    that can (RFC 8110)."""

    interface: str
    ssid: str
    channel: int
    country: str
    owe: bool = False


@dataclass(frozen=True)
class Uplink:
    """A way to the internet; rates are what the line really carries, overhead in bytes a packet."""

    interface: str
    down: Rate
    up: Rate
    metered_gb: float | None
    reset_day: int | None
    overhead: int
    check: tuple[str, ...]


@dataclass(frozen=True)
class Access:
    """Who may pass and for how long (``session`` and ``idle`` in seconds); names in the ``garden`` open without a tap.

    With ``identity`` "code" a person may take a code, and enter it on another device to be the same person there.
    ``daily_mb`` megabytes (10^6 bytes) a person may send and receive in a day of the site; None: as many as their share carries.
    """

    portal_name: str
    api_name: str | None
    session: int
    idle: int
    after_reboot: Literal["grace", "ask"]
    identity: Literal["device", "code"]
    garden: tuple[str, ...] = ()
    daily_mb: float | None = None


@dataclass(frozen=True)
class Fairness:
    """How the uplink is shared; ``share`` of its rate that is handed out, so that the queue stands here and not upstream."""

    share: float


@dataclass(frozen=True)
class Catalogue:
    """The service catalogue; ``sample`` content is invented and only the demo may show it.

    ``hours`` in which content may use the uplink (minutes of the day, from and until; none: always), ``monthly_mb`` how much of it
    in a month (None: no limit), ``neighbours`` boxes that are asked for it before the hub.
    """

    every: int
    sample: bool
    hours: tuple[tuple[int, int], ...] = ()
    monthly_mb: float | None = None
    neighbours: tuple[str, ...] = ()


@dataclass(frozen=True)
class Hub:
    """Where the box reports to; ``ca`` is the SHA-256 pin of the hub's authority, ``sha256:`` and 64 hex digits."""

    host: str
    ca: str | None


@dataclass(frozen=True)
class Privacy:
    """``smallest_count``: counts of people below it are shown as "fewer than"."""

    smallest_count: int


@dataclass(frozen=True)
class SiteConfig:
    """A whole site file, checked."""

    site: Site
    lan: Lan
    radio: Radio | None
    uplinks: tuple[Uplink, ...]
    access: Access
    fairness: Fairness
    catalogue: Catalogue
    hub: Hub | None
    privacy: Privacy
    emergency: tuple[Number, ...] = ()


def _site(table: Table) -> Site:
    return Site(
        id=table.take("id", kinds.box_id),
        name=table.take("name", text),
        country=table.take("country", kinds.country),
        timezone=table.take("timezone", kinds.timezone),
        languages=table.take("languages", listed(kinds.language)),
    )


def _lan(table: Table) -> Lan:
    return Lan(
        interface=table.take("interface", kinds.interface),
        address=table.take("address", kinds.lan4),
        address6=table.take("address6", kinds.lan6),
        bridge=table.take("bridge", kinds.interface, "br-lan"),
    )


def _radio(table: Table) -> Radio:
    return Radio(
        interface=table.take("interface", kinds.interface),
        ssid=table.take("ssid", kinds.ssid),
        channel=table.take("channel", whole(1, 165)),
        country=table.take("country", kinds.country),
        owe=table.take("owe", flag, False),
    )


def _uplink(table: Table) -> Uplink:
    return Uplink(
        interface=table.take("interface", kinds.interface),
        down=table.take("down", kinds.rate),
        up=table.take("up", kinds.rate),
        metered_gb=table.take("metered_gb", number(0.01, 100_000), None),
        reset_day=table.take("reset_day", whole(1, 28), None),
        overhead=table.take("overhead", whole(0, 128), 0),
        check=table.take("check", listed(kinds.check_target), ("connectivitycheck.gstatic.com:80", "captive.apple.com:80")),
    )


def _access(table: Table) -> Access:
    return Access(
        portal_name=table.take("portal_name", kinds.host, "camp.internal"),
        api_name=table.take("api_name", kinds.public_name, None),
        session=table.take("session", kinds.duration, 12 * 3600),
        idle=table.take("idle", kinds.duration, 2 * 3600),
        after_reboot=cast(Literal["grace", "ask"], table.take("after_reboot", one_of("grace", "ask"), "grace")),
        identity=cast(Literal["device", "code"], table.take("identity", one_of("device", "code"), "device")),
        garden=table.take("garden", listed(kinds.garden_name), ()),
        daily_mb=table.take("daily_mb", number(1, 1_000_000), None),
    )


def _fairness(table: Table) -> Fairness:
    return Fairness(share=table.take("share", number(0.5, 1.0), 0.95))


def _catalogue(table: Table) -> Catalogue:
    return Catalogue(
        every=table.take("every", kinds.duration, 3600),
        sample=table.take("sample", flag, False),
        hours=table.take("hours", listed(kinds.span), ()),
        monthly_mb=table.take("monthly_mb", number(0.1, 1_000_000), None),
        neighbours=table.take("neighbours", listed(kinds.neighbour), ()),
    )


def _hub(table: Table) -> Hub:
    return Hub(host=table.take("host", kinds.host), ca=table.take("ca", kinds.pin, None))


def _privacy(table: Table) -> Privacy:
    return Privacy(smallest_count=table.take("smallest_count", whole(10, 1000), 10))


def _emergency(table: Table) -> Number:
    return Number(kind=table.take("kind", one_of(*KINDS)), number=table.take("number", kinds.phone))


def parse(untrusted_text: str, file: str = "campbox.toml") -> SiteConfig:
    """Read a site file. ``file`` is only for messages.

    Raises ConfigError: one line naming file, line, key and mend.
    """
    reader = Reader(untrusted_text, file)
    top = Table(reader, "", reader.document())
    _check_format(top)

    def required(name: str, read: Callable[[Table], T]) -> T:
        if name not in top.rest:
            raise reader.fail(name, name, f"[{name}] is missing", f"add a section [{name}]; examples/site.toml shows one")
        return cast(T, top.section(name, read))

    def or_defaults(name: str, read: Callable[[Table], T]) -> T:
        top.rest.setdefault(name, {})
        return cast(T, top.section(name, read))

    external = top.take("external_ap", flag, False)
    config = SiteConfig(
        site=required("site", _site),
        lan=required("lan", _lan),
        radio=top.section("radio", _radio),
        uplinks=top.sections("uplink", _uplink),
        access=or_defaults("access", _access),
        fairness=or_defaults("fairness", _fairness),
        catalogue=or_defaults("catalogue", _catalogue),
        hub=top.section("hub", _hub),
        privacy=or_defaults("privacy", _privacy),
        emergency=top.sections("emergency", _emergency),
    )
    top.done("see examples/site.toml for the names")
    _check_radio(config, reader, external)
    _check_interfaces(config, reader)
    _check_emergency(config, reader)
    if config.access.api_name == config.access.portal_name:
        mend = "api_name is a public name with a certificate"
        raise reader.fail("access", "api_name", "api_name is the same as portal_name", mend)
    for own in (config.access.portal_name, config.access.api_name):
        if own in config.access.garden:
            raise reader.fail("access", "garden", f"garden: {own} is the box's own name", "leave it out; it always opens")
    return config


def _check_format(top: Table) -> None:
    """Before all else: in a file for another Campbox every further complaint would mislead."""
    asked = top.take("format", whole(1, 1_000_000), FORMAT)
    if asked > FORMAT:
        problem = f"format: the file is written for a newer Campbox, whose site files have format {asked}; this one reads {FORMAT}"
        raise top.fail("format", problem, f"use that Campbox, or begin again from examples/site.toml (format = {FORMAT})")


def _check_radio(config: SiteConfig, reader: Reader, external: bool) -> None:
    if external == (config.radio is not None):
        problem = "both [radio] and external_ap = true" if external else "neither [radio] nor external_ap = true"
        raise reader.fail("", "external_ap", problem, "say which gives the Wi-Fi: the box's own radio or one on its LAN port")


def _check_emergency(config: SiteConfig, reader: Reader) -> None:
    """Somebody will call it."""
    for n, one in enumerate(config.emergency):
        if is_fictional(one.number) and not config.catalogue.sample:
            raise reader.fail("emergency", "number", f"{one.number} is an invented number", "enter the real one and call it", n)


def _check_interfaces(config: SiteConfig, reader: Reader) -> None:
    """Every interface has one use; only the radio may be the LAN's interface at once."""
    if not config.uplinks:
        raise reader.fail("uplink", "uplink", "[[uplink]] is missing", "add one: interface, down and up")
    taken = {config.lan.interface: "[lan]"}
    if config.radio is not None:
        taken[config.radio.interface] = "[radio]" if config.radio.interface not in taken else "[lan] and [radio]"
    if config.lan.bridge in taken:
        raise reader.fail("lan", "bridge", f"{config.lan.bridge} is already used by {taken[config.lan.bridge]}", "name it br-lan")
    taken[config.lan.bridge] = "the bridge of [lan]"
    for n, uplink in enumerate(config.uplinks):
        if uplink.interface in taken:
            problem = f"{uplink.interface} is already used by {taken[uplink.interface]}"
            raise reader.fail("uplink", "interface", problem, "give every [[uplink]] an interface of its own", n)
        taken[uplink.interface] = f"[[uplink]] number {n + 1}"
