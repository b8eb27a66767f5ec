"""E What an import reads from disk: one file, or the tables of a folder or zip archive, within bounds."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

from appliance.errors import BadInput

LARGEST, LARGEST_IN_ALL = 100_000_000, 400_000_000
MOST = 200
"""Files of one package."""


def read(path: Path) -> bytes:
    """One file whole. Raises BadInput."""
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except OSError as error:
        raise BadInput(f"cannot read it: {error.strerror}", where=str(path), mend="name an existing file") from error
    if len(content) > LARGEST:
        raise BadInput(f"larger than {LARGEST} bytes", where=str(path), mend="split it")
    return content


def tables(path: Path) -> dict[str, bytes]:
    """The CSV files of a package and its ``datapackage.json``, by their bare names. Raises BadInput."""
    return _zipped(path) if path.is_file() else _folder(path)


def _wanted(name: str) -> bool:
    return name.lower().endswith(".csv") or name == "datapackage.json"


def _folder(path: Path) -> dict[str, bytes]:
    try:
        found = [one for one in sorted(path.iterdir()) if _wanted(one.name) and (one.is_file() or one.name.endswith(".csv"))]
    except OSError as error:
        raise BadInput(f"cannot read it: {error.strerror}", where=str(path), mend="name a folder or zip of tables") from error
    if len(found) > MOST:
        raise BadInput(f"more than {MOST} tables", where=str(path), mend="name the folder of one package")
    return {one.name: read(one) for one in found}


def _zipped(path: Path) -> dict[str, bytes]:
    """Nothing is unpacked onto the disk: names in an archive lead nowhere, and lengths are counted, not believed."""
    found, left = dict[str, bytes](), LARGEST_IN_ALL
    try:
        with zipfile.ZipFile(io.BytesIO(read(path))) as packed:
            parts = [part for part in packed.infolist() if _wanted(_bare(part.filename)) and not _hidden(part.filename)]
            if len(parts) > MOST:
                raise BadInput(f"more than {MOST} tables", where=str(path), mend="pack one package")
            for part in parts:
                name = _bare(part.filename)
                if name in found:
                    raise BadInput(f"two files {name[:60]}", where=str(path), mend="pack one package")
                with packed.open(part) as opened:
                    found[name] = opened.read(min(left, LARGEST) + 1)
                left -= len(found[name])
                if left < 0 or len(found[name]) > LARGEST:
                    raise BadInput("an archive that unpacks to too much", where=str(path), mend="pack one package")
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        raise BadInput(
            f"not a zip archive that can be read: {type(error).__name__}", where=str(path), mend="pack it again"
        ) from error
    return found


def _bare(name: str) -> str:
    return name.replace("\\", "/").rpartition("/")[2]


def _hidden(name: str) -> bool:
    return name.startswith("__MACOSX/") or _bare(name).startswith("._")
