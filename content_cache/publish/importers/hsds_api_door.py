"""E One HSDS API over HTTP: bounded in bytes and time, no redirect to another host, no cookies, no proxy of the environment."""

from __future__ import annotations

import http.client
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from http.client import HTTPMessage
from typing import IO

from appliance.errors import BadInput, CampboxError, Unreachable

TIMEOUT, DEADLINE = 30.0, 1_800.0
"""Seconds without a byte; seconds for one whole import."""
LARGEST = 20_000_000
"""Bytes of one answer."""
_CHUNK = 65_536


class _SameHost(urllib.request.HTTPRedirectHandler):
    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> urllib.request.Request | None:
        """A list that sends us elsewhere could make the hub ask its own network."""
        old, new = urllib.parse.urlsplit(req.full_url), urllib.parse.urlsplit(newurl)
        upgraded = old.scheme == new.scheme or (old.scheme, new.scheme) == ("http", "https")
        if old.hostname != new.hostname or not upgraded:
            raise Unreachable("it leads to another host", where=req.full_url, mend="name that address if you trust it")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


class HttpDoor:
    """``base`` is what stands before "/services", for example ``https://example.org/hsds``. Raises BadInput for no address."""

    def __init__(self, base: str) -> None:
        try:
            parts = urllib.parse.urlsplit(base)
            whole = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
            plain = not (parts.username or parts.query or parts.fragment)
        except ValueError:  # half a bracket, a port that is none
            whole = plain = False
        if not whole or not plain:
            raise BadInput("not the address of an API", where=base, mend="write it as https://example.org/hsds")
        self.base, self.started = base.rstrip("/").removesuffix("/services"), time.monotonic()
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _SameHost)

    def get(self, path: str, arguments: Mapping[str, str]) -> bytes:
        """The body. Raises Unreachable; BadInput when it is larger than ``LARGEST``."""
        url = f"{self.base}/{path}" + (f"?{urllib.parse.urlencode(arguments)}" if arguments else "")
        request = urllib.request.Request(url, headers={"Accept": "application/json", "User-Agent": "campbox-import"})
        try:
            with self.opener.open(request, timeout=TIMEOUT) as answer:
                return self._read(answer, url)
        except CampboxError:
            raise
        except urllib.error.HTTPError as error:
            error.close()
            raise Unreachable(f"HTTP {error.code}", where=url, mend="try again later, or ask who runs it") from error
        except (OSError, http.client.HTTPException, ValueError) as error:  # the last: it leads to an address that is none
            reason = error.reason if isinstance(error, urllib.error.URLError) else error
            raise Unreachable(type(reason).__name__, where=url, mend="look at the address and the line") from error

    def _read(self, answer: http.client.HTTPResponse, url: str) -> bytes:
        body = bytearray()
        while chunk := answer.read1(_CHUNK):
            body += chunk
            if len(body) > LARGEST:
                raise BadInput(f"an answer larger than {LARGEST} bytes", where=url, mend="ask who runs it for smaller pages")
            if time.monotonic() - self.started > DEADLINE:
                raise Unreachable("it takes too long", where=url, mend="try again when the line is better")
        # What is left of the announced length: urllib says nothing when a body ends too early.
        if answer.length:
            raise Unreachable("an answer that breaks off", where=url, mend="try again")
        return bytes(body)
