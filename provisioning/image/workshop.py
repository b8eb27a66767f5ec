"""E The folder where images are made: one build of an architecture at a time, what is half made in a folder that goes."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from appliance.errors import NotSo
from provisioning.sparse import blocks


@contextlib.contextmanager
def opened(folder: Path, arch: str) -> Iterator[Path]:
    """A folder for what is half made, in the cache ``folder``. Raises NotSo while another build has it."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"lock-{arch}").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise NotSo("another build runs", where=str(folder), mend="wait for it") from error
        for left in folder.glob(f"work-{arch}-*"):  # of a build that was killed
            shutil.rmtree(left, ignore_errors=True)
        with tempfile.TemporaryDirectory(prefix=f"work-{arch}-", dir=folder) as work:
            yield Path(work)


def keep(made: Path, to: Path, pattern: str, most: int) -> None:
    """Move what is whole to its name in the cache; of those that fit ``pattern`` there only the newest ``most`` stay."""
    made.replace(to)
    to.touch()
    for old in sorted(to.parent.glob(pattern), key=lambda path: path.stat().st_mtime, reverse=True)[most:]:
        old.unlink()


def sha256(path: Path) -> str:
    """SHA-256 (hex) of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for block in blocks(file.fileno(), 0, path.stat().st_size):
            digest.update(block)
    return digest.hexdigest()


@contextlib.contextmanager
def all_or_none(*paths: Path) -> Iterator[None]:
    """Files that belong together: when something goes wrong before all are written, none stays."""
    whole = False
    try:
        yield
        whole = True
    finally:
        for path in paths if not whole else ():
            path.unlink(missing_ok=True)
