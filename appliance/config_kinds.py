"""P The kinds of values a configuration holds: interface, host, language, network, rate ... each refuses with a mend."""

from __future__ import annotations

import ipaddress
import zoneinfo
from typing import Any, cast

from appliance.errors import BadInput
from appliance.toml_reader import matching, text
from appliance.values import BoxId, Rate, parse_duration, parse_phone
from appliance.web.languages import BY_TAG

_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"

interface = matching(
    r"[A-Za-z0-9][A-Za-z0-9._-]{0,14}", "an interface name", 'name it as "ip link" does, for example "eth0"'
)  # IFNAMSIZ is 16 with the final zero
host = matching(rf"(?=.{{1,253}}\Z){_LABEL}(\.{_LABEL})*", "a host name", 'write it in lower case, for example "camp.internal"')
tag = matching(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2})?", "a language code", 'use BCP 47, for example "ar" or "fa-AF"')
country = matching(r"[A-Z]{2}", "a country code", 'use ISO 3166, two capitals, for example "JO"')
pin = matching(r"sha256:[0-9a-f]{64}", "a pin", 'copy the line "sha256:..." that campbox hub up printed')
_span = matching(r"([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9]", "a span of the day", 'write it as "22:00-06:00"')
_host_and_port = matching(r"[a-z0-9.-]+:[0-9]{1,5}", "host:port", 'for example "connectivitycheck.gstatic.com:80"')


def language(value: Any) -> str:
    """A language that the pages have texts in."""
    if tag(value) not in BY_TAG:
        raise BadInput(f"there are no texts in {value!r}", mend=f"choose among {', '.join(BY_TAG)}")
    return cast(str, value)


def garden_name(value: Any) -> str:
    """A name that opens before the tap, with everything below it; ``*.example.org`` is ``example.org``."""
    name = host(text(value).removeprefix("*."))
    if "." not in name:
        raise BadInput(f"{value[:60]!r} would open a whole country of names", mend='write at least two parts: "*.example.org"')
    return name


def public_name(value: Any) -> str:
    """A name that an authority may certify, short enough for the address of the portal's API in one DHCP option.

    RFC 8910 section 2: never an IP literal, and at most 255 octets, of which ``https://`` and ``/api/captive`` take twenty.
    """
    name = host(value)
    if "." not in name or name.rpartition(".")[2].isdigit() or len(name) > 230:
        raise BadInput(f"{name[:60]!r} is no public name", mend='write a name that a certificate can have: "portal.example.org"')
    return name


def check_target(value: Any) -> str:
    """``host:port``."""
    target = _host_and_port(value)
    name, _, port = target.rpartition(":")
    host(name)
    if not 1 <= int(port) <= 65535:
        raise BadInput(f"{port} is not a port", mend="ports go from 1 to 65535")
    return target


def span(value: Any) -> tuple[int, int]:
    """A span of the day, ``22:00-06:00``, as minutes since midnight; one that ends before it begins goes over midnight."""
    begin, _, end = _span(value).partition("-")
    first, last = (int(time[:2]) * 60 + int(time[3:]) for time in (begin, end))
    if first == last:
        raise BadInput(f"{value} is no time at all", mend="leave hours out for the whole day")
    return first, last


def neighbour(value: Any) -> str:
    """Another box: its address on a LAN, or its name. By an address it may also ask this box; a name opens nothing."""
    try:
        address = ipaddress.ip_address(text(value))
    except ValueError:
        return host(value)
    if "%" in str(address) or address.is_link_local or address.is_multicast or address.is_unspecified or address.is_loopback:
        raise BadInput(f"{address} is no address of another box's uplink or LAN", mend="write the one it has there for good")
    return str(address)


def phone(value: Any) -> str:
    """A number to call."""
    return parse_phone(text(value))


def ssid(value: Any) -> str:
    """A network name: 1 to 32 bytes (IEEE 802.11-2020, 9.4.2.2), so sixteen Arabic letters."""
    if len(text(value).encode()) > 32:
        raise BadInput(f"{value[:60]!r} is longer than 32 bytes", mend="shorten it; other than Latin letters count two or more")
    return cast(str, value)


def timezone(value: Any) -> str:
    """An IANA time zone."""
    text(value)
    try:
        zoneinfo.ZoneInfo(value)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise BadInput(f"{value[:60]!r} is not a time zone", mend='use an IANA name, for example "Asia/Amman"') from error
    return cast(str, value)


def lan4(value: Any) -> ipaddress.IPv4Interface:
    """The box's own IPv4 address with its private network."""
    text(value)
    try:
        address = ipaddress.IPv4Interface(value)
    except ValueError as error:
        raise BadInput(f"{value[:60]!r} is not an IPv4 address with a network", mend='write it as "10.44.0.1/20"') from error
    private = any(address.ip in ipaddress.IPv4Network(net) for net in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
    if not private or not 16 <= address.network.prefixlen <= 28:
        raise BadInput(
            f"{address} is not a private network from /16 to /28", mend='use one of RFC 1918, for example "10.44.0.1/20"'
        )
    if address.ip in (address.network.network_address, address.network.broadcast_address):
        raise BadInput(f"{address} is the network's own or broadcast address", mend="use its first host address")
    return address


def lan6(value: Any) -> ipaddress.IPv6Interface:
    """The box's own IPv6 address with its unique local network."""
    text(value)
    try:
        address = ipaddress.IPv6Interface(value)
    except ValueError as error:
        raise BadInput(
            f"{value[:60]!r} is not an IPv6 address with a network", mend='write it as "fd12:3456:789a::1/64"'
        ) from error
    # RFC 4193 section 3.1: locally assigned ULAs are fd00::/8; RFC 4862: SLAAC wants a /64.
    if address.network.prefixlen != 64 or address.ip not in ipaddress.IPv6Network("fd00::/8") or address.scope_id is not None:
        raise BadInput(f"{value[:60]} is not a ULA /64", mend='use one of RFC 4193, for example "fd12:3456:789a::1/64"')
    if address.ip == address.network.network_address:
        raise BadInput(f"{address} is the network's own address", mend="end it with ::1/64")
    return address


def box_id(value: Any) -> BoxId:
    """The name of a box."""
    return BoxId(text(value))


def rate(value: Any) -> Rate:
    """A data rate."""
    return Rate.parse(text(value))


def duration(value: Any) -> int:
    """A length of time in seconds."""
    return parse_duration(text(value))
