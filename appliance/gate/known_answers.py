"""P Is it the internet that answers? Hosts whose answer is known to the byte, and what an answer that came says of the line.

A handshake proves nothing: a provider whose customer has used up the volume, a portal upstream, a name server that answers
everything and a proxy all complete them. The hosts are those of the probe table (entry points ``campbox.probes``), as phones have
them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

MOST = 4096
"""Octets read of one answer; the known ones are a tenth of it. Whatever goes on longer is somebody else's."""
OK, NOTHING, LOGIN_WANTED = 200, 204, 511
Said = Literal["genuine", "foreign", "silent", "unfinished"]
"""``foreign``: somebody answered, but not the host; ``silent``: nobody did; ``unfinished``: more is to come."""


class _Answer(Protocol):
    @property
    def status(self) -> int: ...
    @property
    def body(self) -> bytes: ...


class Row(Protocol):
    """What is needed of a row of the probe table."""

    @property
    def host(self) -> str: ...
    @property
    def answers(self) -> Mapping[str, _Answer]: ...


@dataclass(frozen=True)
class Known:
    """What ``host`` says to GET ``path`` by HTTP on port 80. A ``status`` of 204 has no body, 200 has this one."""

    host: str
    path: str
    status: int
    body: bytes = b""

    @property
    def telling(self) -> bool:
        """Whether only who knows the host can say it; 204 may be said to everything by a portal that wants phones calm."""
        return bool(self.body)


def known_answers(rows: Iterable[Row]) -> dict[str, Known]:
    """Host -> its known answer; one with a body where it has one. Redirects are none: anybody may lead anywhere."""
    found: dict[str, Known] = {}
    for row in rows:
        fit = [Known(row.host, path, said.status, said.body) for path, said in row.answers.items() if _proves(said)]
        if fit:
            found[row.host] = max(fit, key=lambda one: one.telling)
    return found


def _proves(said: _Answer) -> bool:
    return said.status == NOTHING or (said.status == OK and bool(said.body.strip()))


def question(host: str, path: str) -> bytes:
    """One request, as short as it can be (RFC 9112 section 3); no cache on the way may answer it (RFC 9111 section 5.2.1.4)."""
    return f"GET {path} HTTP/1.1\r\nHost: {host}\r\nCache-Control: no-cache\r\nConnection: close\r\n\r\n".encode("ascii", "replace")


def judge_answer(known: Known, raw: bytes, *, ended: bool, late: bool = False) -> Said:
    """What the octets that came so far say. ``ended``: the other side has closed; ``late``: nobody waits for more.

    A temporary fault of the host itself (5xx, but for 511 of RFC 6585 section 6, which is a portal's) says nothing.
    """
    head, apart, body = raw.partition(b"\r\n\r\n")
    if not apart:
        whole_start = raw[:7] in (b"HTTP/1."[: len(raw[:7])], b"")
        if not whole_start or len(raw) >= MOST:
            return "foreign"
        return "silent" if ended or late else "unfinished"
    status = _status(head)
    if status != known.status:
        return "silent" if 500 <= status <= 599 and status != LOGIN_WANTED else "foreign"
    if status == NOTHING:
        empty = not body and not _promises_a_body(head)
        return "foreign" if not empty else "genuine" if ended or late else "unfinished"
    said = _judge_body(known.body.strip(), head, body, ended=ended)
    return "silent" if late and said == "unfinished" else said


def _status(head: bytes) -> int:
    """RFC 9112 section 4; 0 where there is none."""
    words = head.split(b"\r\n")[0].split(None, 2)
    return int(words[1]) if len(words) > 1 and words[1].isdigit() and len(words[1]) == 3 else 0


def _fields(head: bytes) -> dict[bytes, bytes]:
    """RFC 9112 section 5."""
    lines = (line.partition(b":") for line in head.split(b"\r\n")[1:])
    return {name.strip().lower(): value.strip().lower() for name, _, value in lines}


def _promises_a_body(head: bytes) -> bool:
    """RFC 9110 section 8.6: a 204 has no Content-Length; some proxies add one of 0."""
    fields = _fields(head)
    return fields.get(b"content-length", b"0") != b"0" or b"transfer-encoding" in fields


def _judge_body(wanted: bytes, head: bytes, came: bytes, *, ended: bool) -> Said:
    """A body is measured by its length, by chunks, or ends with the connection (RFC 9112 section 6.3)."""
    fields = _fields(head)
    if fields.get(b"transfer-encoding") == b"chunked":
        body, whole = _unchunked(came)
    elif (length := fields.get(b"content-length", b"")).isdigit():
        body, whole = came[: int(length[:9])], len(came) >= int(length[:9])
    else:
        body, whole = came, ended
    if whole:
        return "genuine" if body.strip() == wanted else "foreign"
    if len(came) >= MOST or not wanted.startswith(body.strip()):
        return "foreign"
    return "silent" if ended else "unfinished"


def _unchunked(came: bytes) -> tuple[bytes, bool]:
    """The octets of all chunks so far, and whether the last one came (RFC 9112 section 7.1)."""
    body = b""
    while came:
        size, apart, rest = came.partition(b"\r\n")
        digits = size.split(b";")[0].strip()
        if not apart or not digits.isalnum() or digits.strip(b"0123456789abcdefABCDEF"):
            break
        if (length := int(digits[:6], 16)) == 0:
            return body, True
        body, came = body + rest[:length], rest[length + 2 :]
    return body, False
