"""E A file that is being fetched, on disk: its room set apart, its good bytes found again after any interruption."""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
from pathlib import Path

from appliance import files
from appliance.errors import NotSo, Refused
from appliance.files import read_json, write_json
from content_cache.choice import MARGIN
from content_cache.resume import Chunks, Part
from content_cache.targets import File

_KEEP_SIZE = 1  # FALLOC_FL_KEEP_SIZE, linux/falloc.h: blocks are taken, the file's length is not changed
_WITHOUT = (errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL)
_libc = ctypes.CDLL(None, use_errno=True)


class PartFile:
    """The bytes of ``file`` so far, in ``folder`` under its hash: whoever has others of them, they go on from here."""

    def __init__(self, folder: Path, file: File) -> None:
        files.make_folder(folder)
        self.file = file
        self.path, self._beside = folder / f"{file.sha256}.part", folder / f"{file.sha256}.json"
        self._room = folder / "room"
        self.chunks = self._new_check()

    def _new_check(self) -> Chunks:
        return Chunks(self.file.pieces, self.file.piece, self.file.length)

    def look(self) -> Part:
        """What is there. Every chunk is checked; what follows the first bad one is cut off. Raises NotSo when it cannot be read."""
        self.chunks = self._new_check()
        with _told(self.path), open(self.path, "a+b") as file:
            file.seek(0)
            if file.seek(0, os.SEEK_END) > self.file.length:
                file.truncate(0)
            file.seek(0)
            while data := file.read(65_536):
                if not self.chunks.feed(data):
                    file.truncate(self.chunks.good)
                    return self.look()
            return Part(self.chunks.seen, *self._given())

    def _given(self) -> tuple[str, str]:
        try:
            kept = read_json(self._beside)
            return str(kept["source"]), str(kept["validator"])
        except (NotSo, KeyError, TypeError):
            return "", ""

    def given_by(self, part: Part, source: str, validator: str) -> None:
        """Remember who gives these bytes, unless it is known. Raises NotSo."""
        if (part.source, part.validator) != (source, validator):
            write_json(self._beside, {"source": source, "validator": validator})

    def append(self, data: bytes) -> bool:
        """Add bytes; False when a chunk turned out bad: it was cut off, and what follows must be asked for again.

        Raises Refused when there are more bytes than were signed, NotSo when the disk is full.
        """
        good = self.chunks.feed(data)
        with _told(self.path), open(self.path, "ab", buffering=0) as file:
            view = memoryview(data)
            while view:
                view = view[file.write(view) :]
            if not good:
                file.truncate(self.chunks.good)
        return good

    @property
    def length(self) -> int:
        """Bytes so far."""
        return self.chunks.seen

    def content(self) -> bytes:
        """The whole file. Raises NotSo when it cannot be read."""
        with _told(self.path):
            return self.path.read_bytes()

    def set_apart(self, octets: int) -> None:
        """Check that there is room and take it: the rest of this file, and a file that stands for what is made of it.

        Raises Refused, before anything is fetched.
        """
        free = shutil.disk_usage(self.path.parent).free + _blocks(self._room)
        if free < octets + MARGIN:
            raise Refused(
                f"the disk has {free // 1_000_000} MB free, and {(octets + MARGIN) // 1_000_000} are needed", mend="make room"
            )
        rest = self.file.length - self.length
        with _told(self.path):
            _allocate(self.path, self.length, rest)
            _allocate(self._room, 0, octets - rest)

    def give_room(self) -> None:
        """Let go of the room that was set apart, for what is now written there."""
        self._room.unlink(missing_ok=True)

    def move(self, target: Path) -> None:
        """Give the whole file another name. Raises NotSo."""
        files.make_folder(target.parent)
        files.move(self.path, target)
        self.forget()

    def forget(self) -> None:
        """Begin anew the next time."""
        self.path.unlink(missing_ok=True)
        self._beside.unlink(missing_ok=True)


def forget_others(folder: Path, keep: set[str]) -> None:
    """Remove parts of all files but those with these hashes, and room that nobody needs."""
    if folder.is_dir():
        for path in folder.iterdir():
            if path.name.split(".")[0] not in keep:
                path.unlink(missing_ok=True)


def _blocks(path: Path) -> int:
    try:
        return path.stat().st_blocks * 512
    except OSError:
        return 0


def _allocate(path: Path, offset: int, octets: int) -> None:
    """Take blocks without writing them. A file system that cannot is left at the check. Raises OSError when the disk is full."""
    if octets <= 0:
        return
    with open(path, "ab") as file:
        arguments = (ctypes.c_int(file.fileno()), ctypes.c_int(_KEEP_SIZE), ctypes.c_int64(offset), ctypes.c_int64(octets))
        if _libc.fallocate64(*arguments) != 0 and (code := ctypes.get_errno()) not in _WITHOUT:
            raise OSError(code, os.strerror(code))


class _told:
    """OSError in this project's words."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> None:
        return

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, OSError):
            raise NotSo(f"cannot store what is fetched: {error.strerror}", where=str(self.path), mend="make room") from error
