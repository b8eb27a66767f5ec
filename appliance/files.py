"""E Files that survive a power cut and a disk that refuses: written beside, flushed, renamed, the folder flushed.

The one place where a file of ours gets its content (tests/test_writers.py): whoever writes goes through here or is SQLite.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import glob
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from appliance.errors import NotSo

_TRIES, _PAUSE = 100, 0.02
"""How often, and seconds between, before whoever writes the same file at this moment is left to it."""
_FLAGS = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
_MEND = "make room or mend its permissions"


def write_atomically(path: Path, content: bytes | str, mode: int = 0o644, owner: tuple[int, int] | None = None) -> None:
    """Replace ``path`` whole or not at all; ``owner`` is (user id, group id), which only root can give away.

    Raises NotSo when the disk is full or broken, or the folder is not writable; then what stood there stands.
    """
    with replacing(path, mode, owner) as file:
        file.write(content.encode() if isinstance(content, str) else content)


@contextmanager
def replacing(path: Path, mode: int = 0o644, owner: tuple[int, int] | None = None) -> Iterator[IO[bytes]]:
    """A file beside ``path``, empty, that takes its place when the block ends well: flushed first, the folder after it.

    It stands under ``beside(path)`` meanwhile, for whoever writes by name. Ends the block badly, it goes. Raises NotSo, also for an
    OSError of the block.
    """
    new = beside(path)
    try:
        with _alone(new, mode) as file:
            whole = False
            try:
                os.ftruncate(file.fileno(), 0)
                if owner is not None:
                    os.fchown(file.fileno(), *owner)
                os.fchmod(file.fileno(), mode)
                yield file
                file.flush()
                os.fsync(file.fileno())
                os.replace(new, path)
                whole = True
            finally:
                if not whole:
                    with contextlib.suppress(OSError):
                        new.unlink()
        flush_folder(path.parent)
    except OSError as error:
        raise NotSo(f"cannot write: {error.strerror}", where=str(path), mend=_MEND) from error


def beside(path: Path) -> Path:
    """Where a file is written before it takes its place: what a power cut left there is written over the next time."""
    return path.with_name(f".{path.name}.new")


@contextmanager
def _alone(new: Path, mode: int) -> Iterator[IO[bytes]]:
    """The file of that name, for nobody else as long as it is open. Raises OSError."""
    for _ in range(_TRIES):
        try:
            descriptor = os.open(new, _FLAGS, mode)
        except PermissionError:
            # Another user's, in a folder of all (proc_sys_fs(5), protected_regular): a service that ran under another name.
            new.unlink()
            continue
        with os.fdopen(descriptor, "wb") as file:
            if _locked(descriptor) and _is_named(descriptor, new):
                yield file
                return
        time.sleep(_PAUSE)
    raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_named(descriptor: int, path: Path) -> bool:
    """Whether the open file still has this name: whoever held it before may have renamed it."""
    try:
        return os.path.samestat(os.fstat(descriptor), os.lstat(path))
    except FileNotFoundError:
        return False


def remove(path: Path) -> None:
    """Remove a file for good, and what was begun of it. No error where there is none. Raises NotSo."""
    try:
        for one in (path, *path.parent.glob(f".{glob.escape(path.name)}*.new")):  # beside(path), as older versions called it too
            one.unlink(missing_ok=True)
        if path.parent.is_dir():
            flush_folder(path.parent)
    except OSError as error:
        raise NotSo(f"cannot remove: {error.strerror}", where=str(path), mend="mend its permissions") from error


def move(path: Path, target: Path) -> None:
    """Give a whole file another name, on the same disk, for good: its content is flushed first. Raises NotSo."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.replace(path, target)
        for folder in {path.parent, target.parent}:
            flush_folder(folder)
    except OSError as error:
        raise NotSo(f"cannot write: {error.strerror}", where=str(target), mend=_MEND) from error


def make_folder(folder: Path, mode: int | None = None, owner: tuple[int, int] | None = None) -> None:
    """Make a folder, and those above it, where there is none; it has this ``mode`` and this ``owner`` where they are given.

    Nothing is written where it is so already: a service begins on a disk that refuses. Raises NotSo.
    """
    try:
        folder.mkdir(mode=0o777 if mode is None else mode, parents=True, exist_ok=True)
        is_so = folder.stat()
        if mode is not None and is_so.st_mode & 0o7777 != mode:
            folder.chmod(mode)
        if owner is not None and (is_so.st_uid, is_so.st_gid) != owner:
            os.chown(folder, *owner)
    except OSError as error:
        raise NotSo(f"cannot make: {error.strerror}", where=str(folder), mend=_MEND) from error


@contextmanager
def lock(path: Path, patience: float) -> Iterator[None]:
    """The block alone among all that name this file, which is made where it is not there.

    Raises NotSo when another one is at it for longer than ``patience`` seconds, or the file cannot be made.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o640)
    except OSError as error:
        raise NotSo(f"cannot write: {error.strerror}", where=str(path), mend=_MEND) from error
    try:
        until = time.monotonic() + patience
        while not _locked(descriptor):
            if time.monotonic() >= until:
                raise NotSo("another one is at work on it", where=str(path), mend="try again when it has ended")
            time.sleep(_PAUSE)
        yield
    finally:
        os.close(descriptor)


def sweep(folder: Path) -> None:
    """At a service's start: what one that was killed had begun to write here or below, which may be half a key, goes.

    What somebody writes at this moment stays. A disk that refuses keeps it: it is written over the next time.
    """
    with contextlib.suppress(OSError):
        for path in folder.rglob(".*.new"):
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
            try:
                if _locked(descriptor) and _is_named(descriptor, path):
                    path.unlink()
            finally:
                os.close(descriptor)


def flush_folder(folder: Path) -> None:
    """Have a folder's names on the disk. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_json(path: Path) -> Any:
    """The content of a JSON file, or None where there is none. Raises NotSo when it cannot be read."""
    try:
        return json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as error:
        raise NotSo(f"cannot read: {error}", where=str(path), mend="restore it or remove it") from error


def write_json(path: Path, value: Any, mode: int = 0o644, owner: tuple[int, int] | None = None) -> None:
    """Write ``value`` as sorted JSON, as ``write_atomically`` does."""
    write_atomically(path, json.dumps(value, ensure_ascii=False, sort_keys=True, indent=1) + "\n", mode, owner)


def which(file: Path) -> tuple[int, int] | None:
    """Which file has this name now (stat(2): device and inode); None where there is none that can be seen."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
