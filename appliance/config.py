"""P The site file: TOML text -> a frozen SiteConfig, or an error naming file, line, key and mend."""

from __future__ import annotations

import ipaddress
import re
import tomllib
import zoneinfo
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, cast

from appliance.errors import BadInput, ConfigError
from appliance.values import BoxId, Rate, parse_duration

T = TypeVar("T")
REQUIRED: Any = object()
_INTERFACE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,14}\Z")
_HOST = re.compile(r"(?=.{1,253}\Z)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*\Z")
_TAG = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2})?\Z")


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
    """The box's own access point (hostapd): an open network."""

    interface: str
    ssid: str
    channel: int
    country: str


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
    """Who may pass and for how long (``session`` and ``idle`` in seconds)."""

    portal_name: str
    api_name: str | None
    session: int
    idle: int
    after_reboot: Literal["grace", "ask"]
    identity: Literal["device", "code"]


@dataclass(frozen=True)
class Fairness:
    """How the uplink is shared; ``share`` of its rate that is handed out, so that the queue stands here and not upstream."""

    share: float


@dataclass(frozen=True)
class Catalogue:
    """The service catalogue; ``sample`` content is invented and only the demo may show it."""

    every: int
    sample: bool


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


class _Table:
    """One TOML table being read: every key is taken once, what is left over is an error."""

    def __init__(self, reader: _Reader, name: str, values: Mapping[str, Any], occurrence: int = 0) -> None:
        self.reader, self.name, self.rest, self.occurrence = reader, name, dict(values), occurrence

    def fail(self, key: str, problem: str, mend: str) -> ConfigError:
        return self.reader.fail(self.name, key, problem, mend, self.occurrence)

    def take(self, key: str, kind: Callable[[Any], T], default: Any = REQUIRED) -> T:
        if key not in self.rest:
            if default is REQUIRED:
                raise self.fail(key, f"[{self.name}] {key} is missing", f"add a line {key} = ...")
            return cast(T, default)
        try:
            return kind(self.rest.pop(key))
        except BadInput as error:
            raise self.fail(key, f"{key}: {error.what}", error.mend) from error

    def done(self) -> None:
        for key in self.rest:
            raise self.fail(key, f"unknown key {key!r} in [{self.name}]", "remove it, or see examples/site.toml for the names")


class _Reader:
    def __init__(self, text: str, file: str) -> None:
        self.text, self.file = text, file

    def fail(self, section: str, key: str, problem: str, mend: str, occurrence: int = 0) -> ConfigError:
        return ConfigError(problem, where=f"{self.file}:{self.line(section, key, occurrence)}", mend=mend)

    def line(self, section: str, key: str, occurrence: int) -> int:
        """The line of ``key`` within ``section``, else of the section's head, else 1."""
        here, seen, head = "", -1, 1
        for number, line in enumerate(self.text.splitlines(), 1):
            if found := re.match(r"\s*\[+\s*([A-Za-z0-9_.]+)\s*\]+", line):
                here = found[1]
                seen += here == section
                if here == section and seen == occurrence:
                    head = number
            elif here == section and (not section or seen == occurrence) and re.match(rf"\s*\"?{re.escape(key)}\"?\s*=", line):
                return number
        return head


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip() or any(ord(c) < 32 for c in value):
        raise BadInput("must be a text in quotes", mend='write it as "..."')
    return value


def _matching(pattern: re.Pattern[str], what: str, mend: str) -> Callable[[Any], str]:
    def check(value: Any) -> str:
        if not pattern.match(_text(value)):
            raise BadInput(f"{value[:60]!r} is not {what}", mend=mend)
        return cast(str, value)

    return check


_interface = _matching(_INTERFACE, "an interface name", 'name it as "ip link" does, for example "eth0"')
_host = _matching(_HOST, "a host name", 'write it in lower case, for example "camp.internal"')
_tag = _matching(_TAG, "a language code", 'use BCP 47, for example "ar" or "fa-AF"')
_country = _matching(re.compile(r"[A-Z]{2}\Z"), "a country code", 'use ISO 3166, two capitals, for example "JO"')
_pin = _matching(re.compile(r"sha256:[0-9a-f]{64}\Z"), "a pin", 'copy the line "sha256:..." that campbox hub up printed')
_check = _matching(re.compile(r"[a-z0-9.-]+:[0-9]{1,5}\Z"), "host:port", 'for example "connectivitycheck.gstatic.com:80"')


def _list(item: Callable[[Any], T]) -> Callable[[Any], tuple[T, ...]]:
    def check(value: Any) -> tuple[T, ...]:
        if not isinstance(value, list) or not value:
            raise BadInput("must be a list with at least one entry", mend='write it as ["..."]')
        return tuple(item(entry) for entry in value)

    return check


def _one_of(*choices: str) -> Callable[[Any], str]:
    def check(value: Any) -> str:
        if value not in choices:
            raise BadInput(f"{value!r} is not one of {', '.join(choices)}", mend=f'write "{choices[0]}"')
        return cast(str, value)

    return check


def _whole(low: int, high: int) -> Callable[[Any], int]:
    def check(value: Any) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise BadInput(f"{value!r} is not a whole number from {low} to {high}", mend=f"choose one, for example {low}")
        return value

    return check


def _number(low: float, high: float) -> Callable[[Any], float]:
    def check(value: Any) -> float:
        if not isinstance(value, (int, float)) or isinstance(value, bool) or not low <= value <= high:
            raise BadInput(f"{value!r} is not a number from {low} to {high}", mend=f"choose one, for example {high}")
        return float(value)

    return check


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise BadInput("must be true or false", mend="write true or false without quotes")
    return value


def _timezone(value: Any) -> str:
    try:
        zoneinfo.ZoneInfo(_text(value))
    except (zoneinfo.ZoneInfoNotFoundError, ValueError) as error:
        raise BadInput(f"{value!r} is not a time zone", mend='use an IANA name, for example "Asia/Amman"') from error
    return cast(str, value)


def _lan4(value: Any) -> ipaddress.IPv4Interface:
    try:
        address = ipaddress.IPv4Interface(_text(value))
    except ValueError as error:
        raise BadInput(f"{value!r} is not an IPv4 address with a network", mend='write it as "10.44.0.1/20"') from error
    if not address.ip.is_private or not 16 <= address.network.prefixlen <= 28:
        raise BadInput(f"{value} is not a private network from /16 to /28", mend='use one of RFC 1918, for example "10.44.0.1/20"')
    if address.ip in (address.network.network_address, address.network.broadcast_address):
        raise BadInput(f"{value} is the network's own or broadcast address", mend="use its first host address")
    return address


def _lan6(value: Any) -> ipaddress.IPv6Interface:
    try:
        address = ipaddress.IPv6Interface(_text(value))
    except ValueError as error:
        raise BadInput(f"{value!r} is not an IPv6 address with a network", mend='write it as "fd12:3456:789a::1/64"') from error
    # RFC 4193 section 3.1: locally assigned ULAs are fd00::/8; RFC 4862: SLAAC wants a /64.
    if address.network.prefixlen != 64 or address.ip not in ipaddress.IPv6Network("fd00::/8"):
        raise BadInput(f"{value} is not a ULA /64", mend='use one of RFC 4193, for example "fd12:3456:789a::1/64"')
    if address.ip == address.network.network_address:
        raise BadInput(f"{value} is the network's own address", mend="end it with ::1/64")
    return address


def _box_id(value: Any) -> BoxId:
    return BoxId(_text(value))


def _rate(value: Any) -> Rate:
    return Rate.parse(_text(value))


def _duration(value: Any) -> int:
    return parse_duration(_text(value))


def _site(table: _Table) -> Site:
    return Site(
        id=table.take("id", _box_id),
        name=table.take("name", _text),
        country=table.take("country", _country),
        timezone=table.take("timezone", _timezone),
        languages=table.take("languages", _list(_tag)),
    )


def _lan(table: _Table) -> Lan:
    return Lan(
        interface=table.take("interface", _interface),
        address=table.take("address", _lan4),
        address6=table.take("address6", _lan6),
        bridge=table.take("bridge", _interface, "br-lan"),
    )


def _radio(table: _Table) -> Radio:
    return Radio(
        interface=table.take("interface", _interface),
        ssid=table.take("ssid", _matching(re.compile(r"(?s)(?=.{1,32}\Z).+"), "a network name", "use 1 to 32 characters")),
        channel=table.take("channel", _whole(1, 165)),
        country=table.take("country", _country),
    )


def _uplink(table: _Table) -> Uplink:
    return Uplink(
        interface=table.take("interface", _interface),
        down=table.take("down", _rate),
        up=table.take("up", _rate),
        metered_gb=table.take("metered_gb", _number(0.01, 100_000), None),
        reset_day=table.take("reset_day", _whole(1, 28), None),
        overhead=table.take("overhead", _whole(0, 128), 0),
        check=table.take("check", _list(_check), ("connectivitycheck.gstatic.com:80", "captive.apple.com:80")),
    )


def _access(table: _Table) -> Access:
    return Access(
        portal_name=table.take("portal_name", _host, "camp.internal"),
        api_name=table.take("api_name", _host, None),
        session=table.take("session", _duration, 12 * 3600),
        idle=table.take("idle", _duration, 2 * 3600),
        after_reboot=cast(Literal["grace", "ask"], table.take("after_reboot", _one_of("grace", "ask"), "grace")),
        identity=cast(Literal["device", "code"], table.take("identity", _one_of("device"), "device")),
    )


def parse(text: str, file: str = "campbox.toml") -> SiteConfig:
    """Read a site file. ``file`` is only for messages.

    Raises ConfigError: one line naming file, line, key and mend.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = found[1] if (found := re.search(r"line (\d+)", str(error))) else "1"
        raise ConfigError(f"not TOML: {error}", where=f"{file}:{line}", mend="compare with examples/site.toml") from error
    reader = _Reader(text, file)
    top = _Table(reader, "", document)

    def section(name: str, read: Callable[[_Table], T], required: bool = True) -> T | None:
        values = top.rest.pop(name, None)
        if values is None and required:
            raise reader.fail(name, name, f"[{name}] is missing", f"add a section [{name}]; examples/site.toml shows one")
        if values is None:
            return None
        if not isinstance(values, dict):
            raise reader.fail("", name, f"{name} must be a section", f"write [{name}]")
        table = _Table(reader, name, values)
        answer = read(table)
        table.done()
        return answer

    def or_empty(name: str, read: Callable[[_Table], T]) -> T:
        top.rest.setdefault(name, {})
        return cast(T, section(name, read))

    external = top.take("external_ap", _flag, False)
    raw_uplinks = top.rest.pop("uplink", [])
    if not isinstance(raw_uplinks, list) or not all(isinstance(entry, dict) for entry in raw_uplinks):
        raise reader.fail("uplink", "uplink", "uplink must be a list of sections", "write [[uplink]] with two brackets")
    tables = [_Table(reader, "uplink", values, n) for n, values in enumerate(raw_uplinks)]
    config = SiteConfig(
        site=cast(Site, section("site", _site)),
        lan=cast(Lan, section("lan", _lan)),
        radio=section("radio", _radio, required=False),
        uplinks=tuple(_uplink(table) for table in tables),
        access=or_empty("access", _access),
        fairness=or_empty("fairness", lambda t: Fairness(share=t.take("share", _number(0.5, 1.0), 0.95))),
        catalogue=or_empty("catalogue", lambda t: Catalogue(t.take("every", _duration, 3600), t.take("sample", _flag, False))),
        hub=section("hub", lambda t: Hub(host=t.take("host", _host), ca=t.take("ca", _pin, None)), required=False),
        privacy=or_empty("privacy", lambda t: Privacy(smallest_count=t.take("smallest_count", _whole(10, 1000), 10))),
    )
    for table in tables:
        table.done()
    for key in top.rest:
        raise reader.fail("" if not isinstance(top.rest[key], dict) else key, key, f"unknown key or section {key!r}", "remove it")
    _check_whole(config, reader, external)
    return config


def _check_whole(config: SiteConfig, reader: _Reader, external: bool) -> None:
    """Rules that span sections."""
    if external == (config.radio is not None):
        problem = "both [radio] and external_ap = true" if external else "neither [radio] nor external_ap = true"
        raise reader.fail("radio", "interface", problem, "say which gives the Wi-Fi: the box's own radio or one on its LAN port")
    if not config.uplinks:
        raise reader.fail("uplink", "uplink", "[[uplink]] is missing", "add one: interface, down and up")
    taken = {config.lan.interface: "[lan]"}
    if config.radio is not None:
        taken[config.radio.interface] = "[radio]"
        if config.radio.interface == config.lan.interface:
            del taken[config.lan.interface]
            taken[config.radio.interface] = "[lan] and [radio]"
    for n, uplink in enumerate(config.uplinks):
        if uplink.interface in taken:
            problem = f"{uplink.interface} is already used by {taken[uplink.interface]}"
            raise reader.fail("uplink", "interface", problem, "give every [[uplink]] an interface of its own", n)
        taken[uplink.interface] = f"[[uplink]] number {n + 1}"
    if config.access.api_name == config.access.portal_name:
        mend = "api_name is a public name with a certificate"
        raise reader.fail("access", "api_name", "api_name is the same as portal_name", mend)
