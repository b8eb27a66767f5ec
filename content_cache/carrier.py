"""E What carries a signed repository to a box: a web server over HTTP(S), without redirects, proxies or cookies."""

from __future__ import annotations

import contextlib
import http.client
import logging
import socket
import ssl
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from appliance.errors import Refused, Unreachable

log = logging.getLogger(__name__)
TIMEOUT, NEAR = 20.0, 4.0
"""Seconds without one byte: over the uplink, and from a neighbour on a LAN, who must not keep a box from its hub."""
PIECE = 16_384
"""Bytes read at a time."""
BUFFER = 32_768
"""Bytes the kernel keeps for us: a sender cannot run far ahead of a reader that stands back."""
LOWER_EFFORT = 0x04
"""RFC 8622: the DSCP of traffic that yields to all other; routers that know it let people pass, also CAKE."""
_ASKED, _GREETED = 600, 5_000
"""About how many bytes one request, and one TLS greeting, cost beside the body."""


@dataclass(frozen=True)
class Answer:
    """One answer; names of headers are lower case. ``body`` raises Unreachable when it breaks off."""

    status: int
    headers: Mapping[str, str]
    body: Iterator[bytes]


class Carrier(Protocol):
    """``place`` is "usb", "neighbour" or "hub"; a ``metered`` one has hours and a volume, and stands back for people."""

    place: str
    metered: bool

    @property
    def name(self) -> str:
        """Tells this carrier from every other."""

    def get(self, path: str, headers: Mapping[str, str]) -> AbstractContextManager[Answer]:
        """Ask for a file of the repository, as ``metadata/timestamp.json``. Raises Unreachable."""


class Web:
    """A repository at ``url``; HTTPS is verified against ``authority`` alone. ``told`` hears of all bytes that come.

    One connection serves all questions: a greeting costs as much as a patch.
    """

    def __init__(
        self, url: str, authority: Path | None, place: str = "hub", told: Callable[[int], None] = lambda octets: None
    ) -> None:
        try:
            self.parts = urllib.parse.urlsplit(url)
            whole = self.parts.scheme in ("http", "https") and bool(self.parts.hostname) and self.parts.port != 0
        except ValueError:  # half a bracket, a port that is none
            whole = False
        if not whole:
            raise Refused("the catalogue's address is neither http nor https", mend="enrol this box again")
        self.place, self.metered, self.told = place, place == "hub", told
        self._timeout = TIMEOUT if self.metered else NEAR
        self._context = _by(authority)
        self._connection: http.client.HTTPConnection | None = None

    @property
    def name(self) -> str:
        """Its address."""
        return self.parts.geturl()

    @contextlib.contextmanager
    def get(self, path: str, headers: Mapping[str, str]) -> Iterator[Answer]:
        """Ask for a file. Raises Unreachable."""
        response = self._asked(f"{self.parts.path.rstrip('/')}/{urllib.parse.quote(path)}", headers)
        self.told(_ASKED)
        try:
            yield Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, self._body(response))
            if response.status not in (200, 206) and not response.isclosed():
                response.read(PIECE)
        except (OSError, http.client.HTTPException) as error:
            raise _silent(error) from error
        finally:
            # Read to its end, though http.client has not noticed: the connection is good for the next question.
            if response.length == 0:
                response.close()
            if not response.isclosed():
                self.close()

    def _asked(self, path: str, headers: Mapping[str, str]) -> http.client.HTTPResponse:
        """A server may have closed the connection since the last question: that one is asked once more on a new one."""
        used = self._connection is not None
        try:
            return self._ask(path, headers)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            if not used or isinstance(error, TimeoutError):
                raise _silent(error) from error
        try:
            return self._ask(path, headers)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise _silent(error) from error

    def _ask(self, path: str, headers: Mapping[str, str]) -> http.client.HTTPResponse:
        connection = self._connected()
        connection.request("GET", path, headers={"Accept-Encoding": "identity", "User-Agent": "campbox", **headers})
        return connection.getresponse()

    def _connected(self) -> http.client.HTTPConnection:
        if self._connection is None or self._connection.sock is None:
            self._connection = self._new()
            self._connection.connect()
            _stand_back(self._connection.sock)
            self.told(_GREETED)
        return self._connection

    def _new(self) -> http.client.HTTPConnection:
        host, port = self.parts.hostname or "", self.parts.port
        if self.parts.scheme == "http":
            return http.client.HTTPConnection(host, port, timeout=self._timeout)
        if self._context is None:
            raise Unreachable("the hub does not answer: no authority to verify it by", mend="enrol this box again")
        return http.client.HTTPSConnection(host, port, timeout=self._timeout, context=self._context)

    def _body(self, response: http.client.HTTPResponse) -> Iterator[bytes]:
        while True:
            try:
                piece = response.read1(PIECE)
            except (OSError, http.client.HTTPException) as error:
                raise _silent(error) from error
            if not piece:
                return
            self.told(len(piece))
            yield piece

    def close(self) -> None:
        """End the connection; the next question makes a new one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _by(authority: Path | None) -> ssl.SSLContext | None:
    """What trusts this authority alone; None where there is none that can be read: then nobody is believed."""
    try:
        return None if authority is None else ssl.create_default_context(cafile=str(authority))
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        log.warning("the hub's authority cannot be read: %s", type(error).__name__)
        return None


def _stand_back(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
    level, option = (
        (socket.IPPROTO_IPV6, socket.IPV6_TCLASS) if connection.family == socket.AF_INET6 else (socket.IPPROTO_IP, socket.IP_TOS)
    )
    connection.setsockopt(level, option, LOWER_EFFORT)


def _silent(error: Exception) -> Unreachable:
    return Unreachable(f"the hub does not answer: {type(error).__name__}", mend="it is tried again")
