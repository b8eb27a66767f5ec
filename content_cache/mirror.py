"""E What a box has verified, laid out as a signed repository again: static files that its front serves to neighbour boxes."""

from __future__ import annotations

import urllib.parse
from pathlib import Path
from typing import Any

from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import Metadata, Targets

from appliance.files import make_folder, write_atomically

_MODE = 0o640


def lay(kept: Path, repository: Path) -> None:
    """Bring ``repository`` up to what ``kept`` holds (a Source's folder); the timestamp, which makes it valid, comes last.

    Files of the catalogue are put there when they are fetched (``address``); here those go that are no longer named.
    Raises NotSo when the disk is full.
    """
    wanted = _metadata(kept / "metadata")
    named = {address: kept / "targets" / urllib.parse.quote(name, "") for name, address in _named(kept / "metadata").items()}
    for address, source in (named | wanted).items():
        _copy(source, repository / address)
    _forget_others(repository, {repository / address for address in named | wanted})


def address(name: str, sha256: str) -> str:
    """Where a target's file is (TUF specification 1.0, section 6.2: ``<hash>.<name>``)."""
    folder, slash, last = name.rpartition("/")
    return f"targets/{folder}{slash}{sha256}.{last}"


def _metadata(folder: Path) -> dict[str, Path]:
    """Address -> file of every role, the timestamp last."""
    found = {f"metadata/{path.name}": path for path in sorted((folder / "root_history").glob("*.root.json"))}
    for path in sorted(folder.glob("*.json"), key=lambda path: (path.stem == "timestamp", path.stem)):
        metadata = _read(path)
        if metadata is not None and path.stem != "root":
            version = "" if path.stem == "timestamp" else f"{metadata.signed.version}."
            found[f"metadata/{version}{urllib.parse.unquote(path.stem)}.json"] = path
    return found


def _named(folder: Path) -> dict[str, str]:
    """Name -> address of every target that any role names."""
    found = dict[str, str]()
    for path in folder.glob("*.json"):
        metadata = _read(path)
        if metadata is not None and isinstance(metadata.signed, Targets):
            found |= {name: address(name, target.hashes.get("sha256", "")) for name, target in metadata.signed.targets.items()}
    return found


def _read(path: Path) -> Metadata[Any] | None:
    try:
        return Metadata.from_bytes(path.read_bytes())
    except (OSError, RepositoryError):
        return None


def _copy(source: Path, target: Path) -> None:
    try:
        content = source.read_bytes()
    except OSError:
        return
    try:
        same = target.read_bytes() == content
    except OSError:
        same = False
    if not same:
        make_folder(target.parent)
        write_atomically(target, content, _MODE)


def _forget_others(repository: Path, wanted: set[Path]) -> None:
    for path in repository.rglob("*"):
        if path not in wanted and not path.is_dir():
            path.unlink(missing_ok=True)
