"""P A router advertisement (RFC 4861) with the option that names the portal's API (RFC 8910), and the questions it answers.

dnsmasq sends the network's own advertisements and knows nothing of this option. A phone takes both for one router's: this one
comes from the same address and says the same of the router, so that it neither becomes a second default route nor ends the first
(a lifetime of 0 would). What it leaves out, prefix and name server, a phone keeps from the other (RFC 4861 section 6.3.4).
"""

from __future__ import annotations

import struct

SOLICITATION, ADVERTISEMENT = 133, 134
HOP_LIMIT = 64
"""What phones are told to put into their packets: dnsmasq's."""
OTHER = 0x40
"""The flag "ask DHCPv6 for other things", as dnsmasq sets it for stateless addresses (RFC 4861 section 4.2)."""
INTERVAL, ROUTER_LIFETIME = 600, 1800
"""Seconds between two advertisements that nobody asked for, and how long a phone keeps the router; written into dnsmasq's
configuration as well."""
CAPTIVE_PORTAL = 37
UNIT = 8


def advertisement(url: str) -> bytes:
    """The ICMPv6 message; the kernel puts in the checksum."""
    head = struct.pack("!BBHBBHII", ADVERTISEMENT, 0, 0, HOP_LIMIT, OTHER, ROUTER_LIFETIME, 0, 0)
    return head + captive_portal_option(url)


def captive_portal_option(url: str) -> bytes:
    """RFC 8910 section 2.3: type 37, length in units of 8 octets, the URI, padded with NUL.

    Raises ValueError for a URI that does not fit (2,038 octets).
    """
    text = url.encode("ascii")
    units = -(-(len(text) + 2) // UNIT)
    if units > 255:
        raise ValueError("the URI is too long for a router advertisement")
    return struct.pack("!BB", CAPTIVE_PORTAL, units) + text.ljust(units * UNIT - 2, b"\0")


def is_solicitation(untrusted_message: bytes, hop_limit: int) -> bool:
    """Whether this is a valid router solicitation (RFC 4861 section 6.1.1): from this link, and every option of a length."""
    if hop_limit != 255 or len(untrusted_message) < 8 or untrusted_message[:2] != bytes((SOLICITATION, 0)):
        return False
    options = untrusted_message[8:]
    while options:
        if len(options) < UNIT or not 0 < options[1] * UNIT <= len(options):
            return False
        options = options[options[1] * UNIT :]
    return True
