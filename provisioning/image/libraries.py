"""P Lock files read: which wheels a box gets; and the project's own selection: what of it a box carries."""

from __future__ import annotations

import configparser
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from appliance.errors import BadInput
from provisioning.image.recipe import LEFT_OUT_LIBRARIES

_PIN = re.compile(r"([a-z0-9][a-z0-9._-]*)==(\S+)")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")

PACKAGES = ("appliance", "captive_portal", "content_cache", "telemetry", "provisioning")
LEFT_OUT_MODULES: tuple[str, ...] = (
    "telemetry.dashboard", "content_cache.publish", "captive_portal.poster", "provisioning.authority", "provisioning.lab",
    "provisioning.bench", "provisioning.image", "provisioning.flash", "provisioning.testing",
)  # fmt: skip
"""The hub's and the office's: a box carries none of it."""


@dataclass(frozen=True)
class Pinned:
    """One locked library: any file with one of these SHA-256 may be installed; ``text`` is its part of the lock file."""

    name: str
    version: str
    hashes: frozenset[str]
    text: str


def parse_lock(untrusted_text: str, file: str = "") -> tuple[Pinned, ...]:
    """Read a lock file. Raises BadInput for a library without hashes."""
    found = list[Pinned]()
    for block in re.split(r"(?m)^(?=[a-z0-9])", untrusted_text):
        pin = _PIN.match(block)
        if pin is None:
            continue
        text = "".join(line + "\n" for line in block.splitlines() if line.strip() and not line.startswith("#"))
        hashes = frozenset(_HASH.findall(text))
        if not hashes:
            raise BadInput(f"{pin[1]} has no hash", where=file, mend="make it anew: requirements/renew --keep")
        found.append(Pinned(pin[1], pin[2], hashes, text))
    return tuple(found)


def wanted(*locks: Iterable[Pinned]) -> tuple[Pinned, ...]:
    """The libraries of a box: those of every lock once, less what only installs. Raises BadInput when two locks differ."""
    merged: dict[str, Pinned] = {}
    for pinned in (one for lock in locks for one in lock):
        if merged.setdefault(pinned.name, pinned).version != pinned.version:
            raise BadInput(f"{pinned.name} has two versions in the lock files", mend="make them anew: requirements/renew --keep")
    return tuple(merged[name] for name in sorted(merged) if name not in LEFT_OUT_LIBRARIES)


def carried(module: str) -> bool:
    """Does a box carry this module (or folder of the project, as a dotted name)?"""
    inside = module.split(".")[0] in PACKAGES
    return inside and not any(module == out or module.startswith(f"{out}.") for out in LEFT_OUT_MODULES)


def box_setup(text: str) -> str:
    """``setup.cfg`` as a box needs it: entry points and packages of what it does not carry are gone. Raises BadInput."""
    setup = configparser.ConfigParser(interpolation=None, delimiters=("=",))
    setup.optionxform = str  # type: ignore[assignment, method-assign]
    try:
        setup.read_string(text)
        groups = setup["options.entry_points"]
        setup["options.packages.find"]["exclude"] = "".join(f"\n{name}*" for name in LEFT_OUT_MODULES)
    except (configparser.Error, KeyError) as error:
        raise BadInput(f"cannot be read: {error}", where="setup.cfg") from error
    for group, lines in list(groups.items()):
        kept = [line for line in map(str.strip, lines.splitlines()) if line and carried(_module(line))]
        if kept:
            groups[group] = "".join(f"\n{line}" for line in kept)
        else:
            del groups[group]
    for section in ("mypy", "tool:pytest", "coverage:run"):
        setup.remove_section(section)
    written = io.StringIO()
    setup.write(written)
    return written.getvalue()


def _module(line: str) -> str:
    return line.partition("=")[2].partition(":")[0].strip()


def project_files(paths: Iterable[str], tracked: Mapping[str, bool] | None = None) -> tuple[str, ...]:
    """Which of the project's files (relative paths) go into the box's copy."""
    kept = list[str]()
    for path in paths:
        parts = path.split("/")
        if any(part == "__pycache__" or part.startswith(".") for part in parts) or path.endswith((".pyc", ".orig", ".rej")):
            continue
        if carried(".".join(parts).removesuffix(".py")):
            kept.append(path)
    return tuple(sorted(kept))
