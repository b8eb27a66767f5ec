"""E A folder that other users may enter, for services that run as their own users; pytest's is closed to them."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from provisioning.lab.pace import patient

PATIENCE = patient(10.0)


@contextmanager
def open_folder(what: str) -> Iterator[Path]:
    """A new one, gone afterwards, also when somebody who was just ended still has a last word to write."""
    folder = Path(tempfile.mkdtemp(prefix=f"campbox-{what}-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        deadline = time.monotonic() + PATIENCE
        while folder.exists() and time.monotonic() < deadline:
            shutil.rmtree(folder, ignore_errors=True)
            if folder.exists():
                time.sleep(0.1)
