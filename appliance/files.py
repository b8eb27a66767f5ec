"""E Files that survive a power cut: written beside, flushed, renamed, the folder flushed."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import Any

from appliance.errors import NotSo


def write_atomically(path: Path, content: bytes | str, mode: int = 0o644, owner: tuple[int, int] | None = None) -> None:
    """Replace ``path`` whole or not at all; ``owner`` is (user id, group id), which only root can give away.

    Raises NotSo when the disk is full or the folder is not writable.
    """
    data = content.encode() if isinstance(content, str) else content
    beside = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, mode)
        with os.fdopen(descriptor, "wb") as file:
            if owner is not None:
                os.fchown(file.fileno(), *owner)
            os.fchmod(file.fileno(), mode)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
        _sync_folder(path.parent)
    except OSError as error:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise NotSo(f"cannot write: {error.strerror}", where=str(path), mend="make room or mend its permissions") from error


def _sync_folder(folder: Path) -> None:
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


def write_json(path: Path, value: Any, mode: int = 0o644) -> None:
    """Write ``value`` atomically as sorted JSON."""
    write_atomically(path, json.dumps(value, ensure_ascii=False, sort_keys=True, indent=1) + "\n", mode)
