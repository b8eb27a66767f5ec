"""E A carrier without a network, for tests: files of a repository's folder or of a table, with the faults a test wants."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from appliance.errors import Unreachable
from content_cache.carrier import Answer
from content_cache.targets import File

_RANGE = re.compile(r"bytes=([0-9]+)-\Z")


@dataclass
class Carried:
    """Answers as a static web server does (RFC 9110).

    ``cuts`` are lengths of bodies after which it breaks off, one an answer; ``spoils`` puts a byte wrong in answers for paths with
    this text; ``ranges`` false ignores Range; ``down`` answers nothing. ``asked`` is every path with its Range.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    folder: Path | None = None
    place: str = "hub"
    metered: bool = True
    cuts: list[int] = field(default_factory=list)
    spoils: str = ""
    ranges: bool = True
    down: bool = False
    piece: int = 1_000
    asked: list[tuple[str, str]] = field(default_factory=list)
    sent: int = 0

    @property
    def name(self) -> str:
        return f"test:{self.place}"

    def content(self, path: str) -> bytes | None:
        if path in self.files:
            return self.files[path]
        file = self.folder / path if self.folder else None
        return file.read_bytes() if file and file.is_file() else None

    @contextmanager
    def get(self, path: str, headers: Mapping[str, str]) -> Iterator[Answer]:
        self.asked.append((path, headers.get("Range", "")))
        if self.down:
            raise Unreachable("the hub does not answer: down")
        content = self.content(path)
        if content is None:
            yield Answer(404, {}, iter(()))
            return
        if self.spoils and self.spoils in path:
            content = content[: len(content) // 2] + bytes([content[len(content) // 2] ^ 1]) + content[len(content) // 2 + 1 :]
        tag = f'"{hashlib.sha256(content).hexdigest()[:12]}"'
        found = _RANGE.match(headers.get("Range", "")) if self.ranges and headers.get("If-Range", tag) == tag else None
        at = int(found[1]) if found else 0
        if found and at >= len(content):
            yield Answer(416, {}, iter(()))
            return
        told = {"etag": tag, "content-length": str(len(content) - at)}
        if found:
            told["content-range"] = f"bytes {at}-{len(content) - 1}/{len(content)}"
        yield Answer(206 if found else 200, told, self._body(content[at:]))

    def _body(self, content: bytes) -> Iterator[bytes]:
        left = self.cuts.pop(0) if self.cuts else len(content) + 1
        for begin in range(0, len(content), self.piece):
            piece = content[begin : begin + self.piece][:left]
            left -= len(piece)
            self.sent += len(piece)
            if piece:
                yield piece
            if left <= 0:
                raise Unreachable("the hub does not answer: cut")


def signed(content: bytes, piece: int = 4_096, name: str = "c.zst") -> File:
    """The description of a file with this content."""
    pieces = tuple(hashlib.sha256(content[at : at + piece]).hexdigest()[:32] for at in range(0, len(content), piece))
    return File(name, len(content), hashlib.sha256(content).hexdigest(), piece, pieces)


def address(file: File) -> str:
    """Where a repository has it."""
    return f"targets/{file.sha256}.{file.name}"
