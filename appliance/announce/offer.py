"""P Whether the captive portal's API may be offered now, and what dnsmasq is told of it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from appliance.moment import Moment


@dataclass(frozen=True)
class Certificate:
    """What matters of the one that the front shows: valid from ``begins`` to ``ends`` (seconds since 1970), for ``names``."""

    begins: float
    ends: float
    names: tuple[str, ...]

    def covers(self, name: str) -> bool:
        """RFC 6125 section 6.4: the name itself, or a wildcard for its first label alone."""
        return name in self.names or f"*.{name.partition('.')[2]}" in self.names


def offered(certificate: Certificate | None, name: str, now: Moment) -> bool:
    """RFC 8908 section 4.1: only what phones can check over TLS.

    A clock that nobody has set yet runs behind, never ahead: it can say that a certificate is over, not that it is too early.
    """
    if certificate is None or not certificate.covers(name) or now.wall >= certificate.ends:
        return False
    return now.trust != "synced" or now.wall >= certificate.begins


def until_change(certificate: Certificate | None, now: Moment) -> float:
    """Seconds until ``offered`` may say otherwise of the same certificate; infinite when it never will."""
    moments = () if certificate is None else (certificate.begins, certificate.ends)
    return min((moment - now.wall for moment in moments if moment > now.wall), default=math.inf)


def options(url: str, *, offered: bool) -> str:
    """The file of DHCP options that dnsmasq reads again when told to: 114 (DHCPv4) and 103 (DHCPv6), RFC 8910 section 2."""
    return f"114,{url}\noption6:103,{url}\n" if offered else "# nothing is offered: the certificate is not valid\n"
