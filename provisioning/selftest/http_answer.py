"""P An answer of HTTP/1.1 to a connection that is closed after it: bytes in, status and place out."""

from __future__ import annotations

import re
from dataclasses import dataclass

_STATUS = re.compile(rb"HTTP/1\.[01] ([1-5][0-9][0-9])[ \r]")


@dataclass(frozen=True)
class Reply:
    """``status`` is 0 when less came than was promised."""

    status: int
    location: str


def read_reply(untrusted: bytes) -> Reply | None:
    """The answer, or None when it is none."""
    head, end, body = untrusted.partition(b"\r\n\r\n")
    found = _STATUS.match(head + b"\r")
    if found is None or not end:
        return None
    lines = [line.partition(b":") for line in head.split(b"\r\n")[1:]]
    fields = {name.strip().lower(): value.strip() for name, _, value in lines}
    return Reply(int(found[1]) if _whole(fields, body) else 0, fields.get(b"location", b"").decode("ascii", "replace"))


def _whole(fields: dict[bytes, bytes], body: bytes) -> bool:
    """RFC 9112 section 6.3: by its length, or by the last chunk; else it ends with the connection."""
    length = fields.get(b"content-length", b"")
    if length.isdigit():
        return len(body) >= int(length)
    return fields.get(b"transfer-encoding", b"").lower() != b"chunked" or body.endswith(b"0\r\n\r\n")
