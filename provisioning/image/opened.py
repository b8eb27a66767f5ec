"""E An image file opened: without root, mounts or loop devices; its file systems are unpacked by their own tools, into a folder."""

from __future__ import annotations

import contextlib
import hashlib
import mmap
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from appliance.errors import BadInput, CommandFailed, NotSo
from appliance.run import run
from provisioning.image.gpt import SECTOR, Gpt, join, read_entries, read_header
from provisioning.sparse import BLOCK, blocks, is_empty

_UNPACKING = 600.0
"""Seconds for unpacking a system slot on a slow machine."""
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_LISTED = re.compile(r"(\S+ \S+ +.*?\d{4}-\d\d-\d\d \d\d:\d\d) squashfs-root/?(.*)")


@contextlib.contextmanager
def opened(path: Path) -> Iterator[Image]:
    """The image in ``path``, raw or compressed with zstd. Raises NotSo when it cannot be read or there is no room to unpack it."""
    with tempfile.TemporaryDirectory(prefix="campbox-verify-") as folder:
        place = Path(folder)
        try:
            with path.open("rb") as file:
                packed = file.read(4) == _ZSTD_MAGIC
            raw = _unpack(path, place / "image") if packed else path
            yield Image(raw, place)
        except OSError as error:
            mend = f"is it an image, and has {tempfile.gettempdir()} room for it? TMPDIR may name another place"
            raise NotSo(f"cannot read it: {error.strerror}", where=str(path), mend=mend) from error


def _unpack(path: Path, raw: Path) -> Path:
    """Decompress; blocks of nothing but zeros become holes. Raises NotSo for one that is cut short."""
    import zstandard  # not needed for a raw image

    fresh = zstandard.ZstdDecompressor().decompressobj
    frame, whole = fresh(), False
    with path.open("rb") as source, raw.open("wb") as target:
        try:
            while packed := source.read(2048):  # of zeros, that many are at most some 60 MB unpacked
                while packed:
                    _write_sparse(target, frame.decompress(packed))
                    whole, packed = frame.eof, frame.unused_data
                    frame = fresh() if whole else frame
        except zstandard.ZstdError as error:
            raise NotSo("it is damaged", where=str(path), mend="copy or build it again") from error
        target.truncate(target.tell())
    if not whole:
        raise NotSo("it is cut short", where=str(path), mend="copy or build it again")
    return raw


def _write_sparse(target: BinaryIO, data: bytes) -> None:
    for start in range(0, len(data), BLOCK):
        block = data[start : start + BLOCK]
        target.seek(len(block), os.SEEK_CUR) if is_empty(block) else target.write(block)


class Image:
    """A raw image and a folder to unpack into."""

    def __init__(self, raw: Path, folder: Path) -> None:
        self.raw, self.folder = raw, folder
        self.size = raw.stat().st_size

    def read(self, offset: int, size: int) -> bytes:
        """Bytes of the disk; fewer where it ends."""
        with self.raw.open("rb") as file:
            file.seek(offset)
            return file.read(size)

    def gpt(self) -> Gpt:
        """Both copies of the partition table. Raises BadInput."""
        if self.size % SECTOR or self.size < 4 * SECTOR:
            raise BadInput("the file is cut short: it is not whole sectors")
        first = read_header(self.read(SECTOR, SECTOR), "first")
        entries = read_entries(self.read(first.entries_at * SECTOR, first.count * 128), first, "first")
        if (first.other + 1) * SECTOR > self.size:
            raise BadInput(f"the file is cut short: the disk has {(first.other + 1) * SECTOR} bytes, the file {self.size}")
        last = read_header(self.read(first.other * SECTOR, SECTOR), "second")
        return join(first, last, entries, read_entries(self.read(last.entries_at * SECTOR, last.count * 128), last, "second"))

    def blocks(self, offset: int, size: int) -> Iterator[bytes]:
        """The bytes of a part of the disk, in pieces."""
        with self.raw.open("rb") as file:
            yield from blocks(file.fileno(), offset, size)

    def sha256(self, offset: int, size: int) -> str:
        """Of a part of the disk, hex."""
        digest = hashlib.sha256()
        for block in self.blocks(offset, size):
            digest.update(block)
        return digest.hexdigest()

    def fingerprint(self, offset: int, size: int) -> str:
        """The same for the same bytes, and quick where most are zeros; for comparisons only."""
        digest = hashlib.sha256(size.to_bytes(8, "big"))
        for number, block in enumerate(self.blocks(offset, size)):
            if not is_empty(block):
                digest.update(number.to_bytes(8, "big") + hashlib.sha256(block).digest())
        return digest.hexdigest()

    def unpack_fat(self, offset: int) -> Path:
        """The boot partition's files, by mtools."""
        target = self.folder / "boot"
        target.mkdir()
        environment = {**os.environ, "MTOOLS_SKIP_CHECK": "1", "MTOOLSRC": os.devnull}
        done = run(["mcopy", "-i", f"{self.raw}@@{offset}", "-s", "-n", "-m", "::/", str(target)], check=False, env=environment)
        if done.returncode != 0:
            raise BadInput(f"the boot partition is no readable FAT: {_last(done.stderr)}")
        return target

    def unpack_squashfs(self, offset: int) -> Path:
        """The system slot's files; as root with their owners, as anybody else without."""
        target = self.folder / "system"
        argv = ["unsquashfs", "-quiet", "-no-progress", "-no-xattrs", "-offset", str(offset), "-dest", str(target), str(self.raw)]
        try:
            run(argv, timeout=_UNPACKING)
        except CommandFailed as error:
            raise BadInput(f"the system slot cannot be unpacked: {error.what}") from error
        return target

    def list_squashfs(self, offset: int) -> dict[str, str]:
        """Path -> mode, owner, size and date as ``unsquashfs -lln`` writes them."""
        argv = ["unsquashfs", "-lln", "-offset", str(offset), str(self.raw)]
        lines = run(argv, timeout=_UNPACKING, env={**os.environ, "TZ": "UTC0"}).stdout.splitlines()
        found = (_LISTED.fullmatch(line) for line in lines)
        rows = ((one[2] or ".", " ".join(one[1].split())) for one in found if one)
        links = ((*path.partition(" -> "), row) if row.startswith("l") else (path, "", "", row) for path, row in rows)
        return {path: f"{row} {arrow.strip()} {target}".rstrip() for path, arrow, target, row in links}

    def unpack_ext4(self, offset: int, size: int) -> tuple[Path, bool, str]:
        """The data partition's files; whether e2fsck finds it whole; its last words."""
        copy, target = self.folder / "data.ext4", self.folder / "data"
        target.mkdir()
        self._cut(offset, size, copy)
        done = run(["e2fsck", "-f", "-n", str(copy)], check=False, timeout=_UNPACKING)
        if done.returncode == 0:
            run(["debugfs", "-R", f'rdump / "{target}"', str(copy)], timeout=_UNPACKING)
        copy.unlink()
        return target, done.returncode == 0, _last(done.stdout) or _last(done.stderr)

    def _cut(self, offset: int, size: int, copy: Path) -> None:
        with copy.open("wb") as target:
            for block in self.blocks(offset, size):
                _write_sparse(target, block)
            target.truncate(target.tell())

    def forget(self, unpacked: Path) -> None:
        """Remove an unpacked file system."""
        shutil.rmtree(unpacked)


def files_below(folder: Path) -> Iterator[tuple[str, Path]]:
    """Every regular file below ``folder``: its path from there, and where it is; in order."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            yield path.relative_to(folder).as_posix(), path


@contextlib.contextmanager
def content(path: Path) -> Iterator[bytes | mmap.mmap]:
    """A file's bytes, mapped rather than read."""
    with path.open("rb") as file:
        if path.stat().st_size == 0:
            yield b""
            return
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
            yield mapped


def listing(folder: Path) -> dict[str, str]:
    """Path -> size and SHA-256 of every regular file."""
    found = {}
    for name, path in files_below(folder):
        with content(path) as data:
            found[name] = f"{len(data)} {hashlib.sha256(data).hexdigest()}"
    return found


def _last(text: str) -> str:
    return (text.strip().splitlines() or [""])[-1][:200]
