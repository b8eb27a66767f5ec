"""E What a phone does to the network: leases, resolves, connects, knocks, pings. Runs inside the phone's namespace."""

from __future__ import annotations

import errno
import http.client
import ipaddress
import json
import os
import re
import select
import socket
import ssl
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from appliance.errors import BadInput, Unreachable
from appliance.run import run
from appliance.values import Ip, parse_ip
from provisioning.lab import dnswire
from provisioning.lab.pace import patient
from provisioning.lab.pages import Reply

TIMEOUT = 20.0
"""Seconds until what should have come is a fault; long, because a busy machine is none."""
RESOLVER = Path("/etc/resolv.conf")
SCRIPT = Path(__file__).with_name("udhcpc.sh")
INTERFACE = "wlan0"
_REFUSED = {errno.ECONNREFUSED: "refused", errno.ECONNRESET: "refused"}
_UNREACHABLE = {errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EACCES, errno.EPERM, errno.EPROTO}


def lease(hostname: str) -> float:
    """Get an IPv4 address by DHCP as ``hostname``; seconds taken. Raises CommandFailed when nobody gives one."""
    began = time.monotonic()
    options = [
        "-i",
        INTERFACE,
        "-s",
        str(SCRIPT),
        "-n",
        "-q",
        "-t",
        f"{patient(30):.0f}",
        "-T",
        "1",
        "-O",
        "114",
        "-x",
        f"hostname:{hostname}",
    ]
    run(["busybox", "udhcpc", *options], timeout=patient(60))
    return time.monotonic() - began


def addresses() -> tuple[Ip, ...]:
    """The phone's own addresses that are ready for use, link-local ones left out."""
    (link,) = json.loads(run(["ip", "-j", "address", "show", "dev", INTERFACE]).stdout)
    usable = [a for a in link["addr_info"] if a["scope"] == "global" and not a.get("tentative")]
    return tuple(parse_ip(a["local"]) for a in usable)


def wait_for_ipv6() -> float:
    """Seconds until the phone has made itself an address (SLAAC) and a default route. Raises Unreachable."""
    began = time.monotonic()
    while time.monotonic() - began < patient(60.0):
        if any(a.version == 6 for a in addresses()) and run(["ip", "-6", "route", "show", "default"]).stdout.strip():
            return time.monotonic() - began
        time.sleep(0.1)
    raise Unreachable("no IPv6 address by router advertisement", mend="see the log of dnsmasq-captive")


def name_servers() -> tuple[Ip, ...]:
    """What DHCP named."""
    return tuple(parse_ip(found) for found in re.findall(r"^nameserver (\S+)", RESOLVER.read_text(), re.M))


def captive_api() -> str | None:
    """What DHCP option 114 (RFC 8910) offered, decoded, or None."""
    found = re.search(r"^# option 114: (\S+)", RESOLVER.read_text(), re.M)
    if found is None:
        return None
    return bytes.fromhex(found[1]).decode() if re.fullmatch(r"(?:[0-9a-f]{2})+", found[1]) else found[1]


def resolve(name: str, kind: int, server: Ip, timeout: float | None = None, source_port: int = 0) -> dnswire.Answer:
    """Ask one name server by UDP (from any port, or always the same), twice at most. Raises Unreachable when it does not answer."""
    identifier = int.from_bytes(os.urandom(2), "big")
    for _ in range(2):
        with socket.socket(_family(server), socket.SOCK_DGRAM) as asking:
            asking.settimeout((timeout or patient(TIMEOUT)) / 2)
            try:
                asking.bind(("::" if server.version == 6 else "0.0.0.0", source_port))
                asking.connect((str(server), 53))
                asking.send(dnswire.question(identifier, name, kind))
                return dnswire.read_answer(identifier, kind, asking.recv(4096))
            except (OSError, BadInput):
                continue
    raise Unreachable("the name server does not answer")


def fetch(
    url: str,
    address: Ip,
    headers: Mapping[str, str],
    *,
    body: str | None = None,
    trust: Path | None = None,
    timeout: float | None = None,
) -> Reply:
    """One request for ``url`` sent to ``address``; redirects are not followed. Raises Unreachable when it fails."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    began = time.monotonic()
    timeout = timeout or patient(TIMEOUT)
    connection = http.client.HTTPConnection(host, port, timeout=timeout)
    try:
        connection.sock = socket.create_connection((str(address), port), timeout)
        if parts.scheme == "https":
            connection.sock = ssl.create_default_context(cafile=trust).wrap_socket(connection.sock, server_hostname=host)
        connection.request("GET" if body is None else "POST", path, body, dict(headers))
        answer = connection.getresponse()
        content = answer.read()
    except (OSError, http.client.HTTPException) as error:
        raise Unreachable(f"{type(error).__name__} ({error}) from {parts.scheme} port {port}, {address}") from error
    finally:
        connection.close()
    return Reply(answer.status, {k.lower(): v for k, v in answer.getheaders()}, content, time.monotonic() - began)


def knock_tcp(address: Ip, port: int, timeout: float = 2.0) -> tuple[str, float]:
    """Try to connect: ``open``, ``refused`` (reset), ``unreachable`` (ICMP) or ``silent``; and the seconds it took."""
    began = time.monotonic()
    with socket.socket(_family(address), socket.SOCK_STREAM) as knocking:
        knocking.settimeout(timeout)
        try:
            knocking.connect((str(address), port))
            outcome = "open"
        except TimeoutError:
            outcome = "silent"
        except OSError as error:
            outcome = _name(error)
    return outcome, time.monotonic() - began


def knock_tcp_for_icmp(address: Ip, port: int, timeout: float = 2.0) -> tuple[str, float]:
    """Try to connect and wait for the ICMP refusal itself: ``unreachable`` or ``silent``; and the seconds it took.

    Not asked of the socket, for on a cable without any delay the refusal comes while the kernel still holds the socket for
    connecting, and it is only noted until the SYN is sent again a second later (tcp_v6_err).
    """
    six = address.version == 6
    family, protocol = _family(address), socket.IPPROTO_ICMPV6 if six else socket.IPPROTO_ICMP
    with socket.socket(family, socket.SOCK_RAW, protocol) as hearing, socket.socket(family, socket.SOCK_STREAM) as knocking:
        knocking.setblocking(False)
        began = time.monotonic()
        knocking.connect_ex((str(address), port))
        while (left := began + timeout - time.monotonic()) > 0 and select.select([hearing], [], [], left)[0]:
            data = hearing.recv(2048)
            message = data if six else data[(data[0] & 15) * 4 :]
            # RFC 4443 section 3.1, RFC 792: type, then from byte 8 on the packet that was refused.
            quoted = message[48:] if six else message[8 + (message[8] & 15) * 4 :] if len(message) > 8 else b""
            if message[0] == (1 if six else 3) and quoted[2:4] == port.to_bytes(2, "big"):
                return "unreachable", time.monotonic() - began
        return "silent", time.monotonic() - began


def knock_udp(address: Ip, port: int, timeout: float = 2.0) -> tuple[str, float]:
    """Send a datagram: ``answered``, ``unreachable`` (ICMP) or ``silent``; and the seconds it took."""
    began = time.monotonic()
    with socket.socket(_family(address), socket.SOCK_DGRAM) as knocking:
        knocking.settimeout(timeout)
        try:
            knocking.connect((str(address), port))
            knocking.send(b"\0" * 1200)
            knocking.recv(2048)
            outcome = "answered"
        except TimeoutError:
            outcome = "silent"
        except OSError as error:
            # An ICMP "port unreachable" reaches a connected datagram socket as "connection refused".
            outcome = "unreachable" if _name(error) == "refused" else _name(error)
    return outcome, time.monotonic() - began


def ping(address: Ip, timeout: float = 0.5) -> float | None:
    """Seconds to an echo reply, or None."""
    six = address.version == 6
    protocol = socket.IPPROTO_ICMPV6 if six else socket.IPPROTO_ICMP
    with socket.socket(_family(address), socket.SOCK_RAW, protocol) as asking:
        identifier = os.getpid() & 0xFFFF
        message = _echo(128 if six else 8, identifier, checksum=not six)
        asking.setblocking(False)
        began = time.monotonic()
        try:
            asking.sendto(message, (str(address), 0))
        except OSError:
            return None
        while (left := began + timeout - time.monotonic()) > 0:
            if not select.select([asking], [], [], left)[0]:
                break
            data = asking.recv(2048)
            reply = data if six else data[(data[0] & 15) * 4 :]
            if reply[:1] == (b"\x81" if six else b"\0") and reply[4:6] == identifier.to_bytes(2, "big"):
                return time.monotonic() - began
    return None


def _echo(kind: int, identifier: int, *, checksum: bool) -> bytes:
    words = [kind << 8, 0, identifier, 1]
    if checksum:
        total = sum(words)
        words[1] = ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF
    return b"".join(word.to_bytes(2, "big") for word in words)


def _family(address: Ip) -> Any:
    return socket.AF_INET6 if isinstance(address, ipaddress.IPv6Address) else socket.AF_INET


def _name(error: OSError) -> str:
    if error.errno in _REFUSED:
        return _REFUSED[error.errno]
    return "unreachable" if error.errno in _UNREACHABLE else f"error {error.errno}"
