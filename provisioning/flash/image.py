"""E A card image, plain or compressed: its table, its boot partition made personal in memory, and all of it as one stream.

Whatever comes before the end of the boot partition is copied into memory (a memfd: no disk ever sees the token, and a killed run
leaves nothing), personal files are put into it by mtools, and the rest follows from the file as it is read.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import zstandard

from appliance.errors import BadInput, CommandFailed, NotSo
from appliance.run import spawn
from provisioning.flash.disks import plain
from provisioning.flash.gpt import ENOUGH, Table, parse_table
from provisioning.flash.plan import CHUNK
from provisioning.sparse import is_empty

_ZSTD = b"\x28\xb5\x2f\xfd"
_LARGEST_BOOT = 2 * 1024**3
_FAT_EPOCH = 315_619_200  # FAT begins in 1980
_AGAIN = "fetch or build it again"


class _Bytes(Protocol):
    def read(self, size: int = -1, /) -> bytes: ...


class _Hashed(io.RawIOBase):
    """The file on disk as it is read, and the SHA-256 of all that was."""

    def __init__(self, file: BinaryIO) -> None:
        self.file, self.sha256 = file, hashlib.sha256()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        view = memoryview(buffer)
        count = self.file.readinto(view)  # type: ignore[attr-defined]
        self.sha256.update(view[:count])
        return int(count)


class Image:
    """An image that is open. Raises BadInput when it is none, NotSo when it is damaged."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._file = path.open("rb")
        except OSError as error:
            raise BadInput(f"cannot read it: {error.strerror}", where=str(path), mend="name an image file") from error
        with contextlib.ExitStack() as undo:
            undo.callback(self._file.close)
            self._head = os.memfd_create("campbox-card")
            undo.callback(os.close, self._head)
            self.expected = expected_sha256(path)
            self._raw = _Hashed(self._file)
            self._stream = self._plain()
            first = self._read(ENOUGH)
            try:
                self.table: Table = parse_table(first)
            except BadInput as error:
                raise BadInput(error.what, where=str(path), mend=error.mend) from error
            self._fill_head(first)
            undo.pop_all()

    @property
    def size(self) -> int:
        """Bytes on the card."""
        return self.table.image_size

    def get(self, name: str, source: str | None = None) -> bytes | None:
        """A file of the boot partition, or None; ``source`` is a card or file to read it from instead of the image."""
        try:
            return _mtools(["mcopy", "-n", "-i", self._at(source), f"::{name}", "-"])
        except CommandFailed:
            return None

    def put(self, name: str, content: bytes, changed: float) -> None:
        """Put a file into the boot partition, replacing one of that name; ``changed`` is its date, seconds since 1970.

        The same file makes the same bytes each time, or a run that was interrupted could not be gone on with. Raises NotSo when
        there is no room.
        """
        try:
            _mtools(["mcopy", "-o", "-i", self._at(None), "-", f"::{name}"], content, changed)
        except CommandFailed as error:
            raise NotSo(f"cannot put {name} into it: {error.what}", where=str(self.path), mend=_AGAIN) from error
        if self.get(name) != content:
            mend = "make that file shorter, or build the image again"  # mcopy says nothing when there is no room
            raise NotSo(f"{name} does not fit into its boot partition", where=str(self.path), mend=mend)

    def chunks(self) -> Iterator[tuple[int, bytes]]:
        """(offset, CHUNK bytes or fewer at the end) of the whole image in order; to be asked for once.

        Raises NotSo at the end when the file is cut short or its hash is not the one that was published beside it.
        """
        offset, end = 0, self.table.boot.end
        while offset < self.size:
            length = min(CHUNK, self.size - offset)
            data = os.pread(self._head, min(length, end - offset), offset) if offset < end else b""
            yield offset, data + self._read(length - len(data))
            offset += length
        if self._read_some(1):
            raise NotSo("the image is longer than its partition table says", where=str(self.path), mend=_AGAIN)
        while self._raw.read(CHUNK):
            pass
        if self.expected not in (None, self._raw.sha256.hexdigest()):
            raise NotSo("the image is damaged: its SHA-256 is not the one beside it", where=str(self.path), mend=_AGAIN)

    def close(self) -> None:
        """Forget it, and what was put into it."""
        self._file.close()
        os.close(self._head)

    def _plain(self) -> _Bytes:
        start = self._file.read(4)
        self._file.seek(0)
        if start == _ZSTD:
            return zstandard.ZstdDecompressor(max_window_size=2**27).stream_reader(
                io.BufferedReader(self._raw, CHUNK), read_across_frames=True
            )
        return self._raw

    def _read(self, length: int) -> bytes:
        """Exactly so many bytes; they may come in pieces."""
        parts = []
        while length:
            part = self._read_some(length)
            if not part:
                raise NotSo("the image is damaged: it ends early", where=str(self.path), mend=_AGAIN)
            parts.append(part)
            length -= len(part)
        return b"".join(parts)

    def _read_some(self, length: int) -> bytes:
        try:
            return self._stream.read(length)
        except (zstandard.ZstdError, OSError) as error:
            raise NotSo(f"the image is damaged: {error}", where=str(self.path), mend=_AGAIN) from error

    def _fill_head(self, first: bytes) -> None:
        end = self.table.boot.end
        if end > _LARGEST_BOOT:
            raise BadInput("its boot partition is too large", where=str(self.path), mend=_AGAIN)
        os.ftruncate(self._head, end)
        os.pwrite(self._head, first[:end], 0)
        for at in range(len(first), end, CHUNK):
            data = self._read(min(CHUNK, end - at))
            if not is_empty(data):  # empty clusters stay holes and cost no memory
                os.pwrite(self._head, data, at)

    def _at(self, source: str | None) -> str:
        return f"{source or f'/proc/{os.getpid()}/fd/{self._head}'}@@{self.table.boot.start}"


def expected_sha256(path: Path) -> str | None:
    """The hash published beside an image, in ``FILE.sha256`` as sha256sum writes it or as "sha256" in ``FILE.json``."""
    with _beside(path, ".sha256") as file:
        found = re.match(r"([0-9a-f]{64})\b", file.read(4096).decode("utf-8", "replace"))
        if found:
            return found[1]
    with _beside(path, ".json") as file:
        try:
            report = json.loads(file.read(16 * 1024**2) or b"{}")
        except (ValueError, RecursionError):
            return None
    value = report.get("sha256") if isinstance(report, dict) else None
    return value if isinstance(value, str) and re.match(r"[0-9a-f]{64}\Z", value) else None


def _beside(path: Path, suffix: str) -> BinaryIO:
    try:
        return path.with_name(path.name + suffix).open("rb")
    except OSError:
        return io.BytesIO()


def _mtools(argv: list[str], content: bytes = b"", changed: float = 0) -> bytes:
    """Bytes in, bytes out: ``run`` would translate the ends of lines. Raises CommandFailed."""
    pipe = subprocess.PIPE
    with spawn(argv, stdin=pipe, stdout=pipe, stderr=pipe, env=_environment(changed)) as process:
        try:
            out, complaints = process.communicate(content, timeout=120)
        except subprocess.TimeoutExpired as error:
            process.kill()
            raise CommandFailed("took longer than 120 s", where=argv[0]) from error
    if process.returncode != 0:
        last = complaints.decode("utf-8", "replace").strip().splitlines() or [f"exit {process.returncode}"]
        raise CommandFailed(plain(last[-1]), where=argv[0])
    return bytes(out)


def _environment(changed: float) -> dict[str, str]:
    """mtools must neither judge the geometry nor read anybody's settings, and must not use the clock."""
    date = str(max(int(changed), _FAT_EPOCH))
    settings = {"MTOOLS_SKIP_CHECK": "1", "MTOOLSRC": "/dev/null", "HOME": "/nonexistent", "SOURCE_DATE_EPOCH": date, "TZ": "UTC"}
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8", **settings}
