"""P Going on with a file where it broke off: what to ask, what an answer means, which bytes on disk are good (RFC 9110)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from appliance.errors import Refused, Unreachable

_CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,15})-([0-9]{1,15})/([0-9]{1,15}|\*)\Z")


@dataclass(frozen=True)
class Part:
    """What stands on disk of a file: ``length`` good bytes from ``source``, which gave it the ``validator`` ("" for none)."""

    length: int = 0
    source: str = ""
    validator: str = ""


@dataclass(frozen=True)
class Start:
    """Where the body of an answer begins, and the validator it comes with. ``skip`` bytes of it are here already."""

    at: int
    skip: int
    validator: str


class Missing(Unreachable):
    """This source does not have the file; another one may."""


def asking(part: Part, source: str) -> dict[str, str]:
    """Headers that ask for the rest.

    RFC 9110 section 13.1.5: If-Range makes a server that has another file under the name send it whole. Another source has other
    validators for the same bytes; there the hash in the file's name stands in for them.
    """
    if not part.length:
        return {}
    wanted = {"Range": f"bytes={part.length}-"}
    return {**wanted, "If-Range": part.validator} if part.validator and part.source == source else wanted


def validator(headers: Mapping[str, str]) -> str:
    """What may stand in If-Range: a strong entity tag, else the date (RFC 9110 sections 8.8.2 and 8.8.3)."""
    tag = headers.get("etag", "")
    if len(tag) > 200 or not tag.isascii() or not tag.isprintable():
        return ""
    if tag.startswith('"'):
        return tag
    date = headers.get("last-modified", "")
    return date if not tag and len(date) <= 40 and date.isascii() and date.isprintable() else ""


def start(status: int, headers: Mapping[str, str], have: int, total: int) -> Start:
    """Judge an answer before a byte of its body is read; ``have`` bytes are here of the signed ``total``.

    Raises Missing, Unreachable (worth another try) or Refused (a size that is not the signed one).
    """
    if status in (403, 404, 410):
        raise Missing(f"HTTP {status}")
    if status == 206:
        return Start(have, 0, _checked_range(headers, have, total))
    if status != 200:
        raise Unreachable(f"HTTP {status}")
    said = headers.get("content-length")
    if said is not None and (not said.isascii() or not said.isdigit() or int(said[:20]) != total):
        raise Refused("a length or hash is not the signed one", mend="look who changed the repository")
    return Start(0, have, validator(headers))


def _checked_range(headers: Mapping[str, str], have: int, total: int) -> str:
    found = _CONTENT_RANGE.match(headers.get("content-range", ""))
    if not found or not have or int(found[1]) != have or int(found[2]) >= total:
        raise Unreachable("an answer with another range than was asked")
    if found[3] not in ("*", str(total)):
        raise Refused("a length or hash is not the signed one", mend="look who changed the repository")
    return validator(headers)


class Chunks:
    """Checks a growing file chunk by chunk against signed hashes; without any (``hashes`` empty) only its length."""

    def __init__(self, hashes: Sequence[str], size: int, total: int) -> None:
        if hashes and (size <= 0 or len(hashes) != -(-total // size)):
            raise Refused("the signed hashes of its chunks do not add up to the file", mend="publish it again")
        self.hashes, self.size, self.total = tuple(hashes), size, total
        self.seen = self.good = 0
        self._open = hashlib.sha256()

    def feed(self, data: bytes) -> bool:
        """Take the next bytes; False when a chunk is not the signed one (``good`` is then how many bytes are). Raises Refused."""
        if self.seen + len(data) > self.total:
            raise Refused("a length or hash is not the signed one", mend="look who changed the repository")
        view = memoryview(data)
        while view:
            end = self._end()
            part, view = view[: end - self.seen], view[end - self.seen :]
            self._open.update(part)
            self.seen += len(part)
            if self.seen == end and not self._closed():
                return False
        return True

    def _end(self) -> int:
        """Where the chunk ends that is being read."""
        return min(self.total, (self.seen // self.size + 1) * self.size) if self.hashes else self.total

    def _closed(self) -> bool:
        wanted = self.hashes[(self.seen - 1) // self.size] if self.hashes else ""
        if wanted and self._open.hexdigest()[: len(wanted)] != wanted:
            return False
        self.good = self.seen if self.hashes else 0
        self._open = hashlib.sha256()
        return True
