"""E What travels into the virtual machine: a list, weighed and bounded, since the guest holds all of it in its memory.

``.parts`` and ``.venv`` hold what any command of the project has ever needed here: on a fresh clone that is QEMU itself and a
browser. Only what is named here travels (docs/adr/0184); what a new test of the guest misses there is added to a table here.
"""

from __future__ import annotations

import fnmatch
import os
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from appliance.errors import MissingComponent, NotSo

PROJECT = (
    "appliance", "captive_portal", "content_cache", "telemetry", "provisioning", "examples", "setup.cfg", "pyproject.toml",
    "tests/__init__.py", "tests/conftest.py", "tests/fakes", "tests/real",
)  # fmt: skip
"""Folders and files of the clone."""
SERVERS = ("nginx", "dnsmasq", "hostapd", "wpa_supplicant")
"""Programs out of ``.parts``. One that is installed here instead is on the guest's disk already, and does not travel."""
LIBRARIES = ("campbox", "pytest", "pytest-timeout")
"""Installed distributions, with everything that they and the extra ``box`` require."""
UNUSED = frozenset({"pip", "setuptools", "scapy", "zstandard"})
"""Required by those and used by no test of the guest; 60 MB together."""
LEFT_OUT = ("babel/locale-data/[!aer]*",)
"""Files of the libraries that no test of the guest uses: of 30 MB of languages those of the site in the test."""
MOST = 100_000_000
"""Bytes that may travel: the guest has 1.5 GB for its kernel, its tests and a whole box, which wants 200 MB free."""
_PLACES = ("usr/sbin", "usr/bin", "sbin")
_PYTHON = (".venv/pyvenv.cfg", ".venv/lib64", *(f".venv/bin/{name}" for name in ("python", "python3", "python3.*")))
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_EXTRA = re.compile(r"extra\s*==\s*[\"']([^\"']+)[\"']")


@dataclass(frozen=True)
class Load:
    """What travels: a name for people -> its files, relative to the project -> their bytes."""

    parts: Mapping[str, Mapping[str, int]]

    @property
    def files(self) -> list[str]:
        """All of them, in order, each once."""
        return sorted({path for files in self.parts.values() for path in files})

    @property
    def bytes(self) -> int:
        """All of it."""
        return sum(sum(files.values()) for files in self.parts.values())

    def line(self) -> str:
        """For people: how heavy, of what."""
        sizes = sorted(((sum(files.values()), name) for name, files in self.parts.items()), reverse=True)
        told = ", ".join(f"{name} {size / 1e6:.1f}" for size, name in sizes)
        return f"{self.bytes / 1e6:.1f} MB travel into the guest, {MOST / 1e6:.0f} at most: {told}"

    def check(self) -> None:
        """Raises NotSo when it is too heavy, naming what is heaviest."""
        if self.bytes > MOST:
            weights = sorted(((size, path) for files in self.parts.values() for path, size in files.items()), reverse=True)
            heaviest = ", ".join(f"{path} {size / 1e6:.1f}" for size, path in weights[:3])
            mend = f"leave out what no guest needs, in {__name__}; the heaviest files: {heaviest}"
            raise NotSo(self.line(), where="the virtual machine", mend=mend)


def load(project: Path) -> Load:
    """What of this clone and its ``.venv`` travels. Raises MissingComponent when a library is not installed."""
    return Load({"the project": _project(project), "servers": _servers(project), "libraries": _libraries(project)})


def _project(project: Path) -> dict[str, int]:
    there = [project / name for name in PROJECT]
    files = [path for top in there for path in ([top] if top.is_file() else top.rglob("*")) if path.is_file()]
    files = [path for path in files if "__pycache__" not in path.parts]
    return _weighed(project, [*files, *(kept for path in files if path.suffix == ".py" for kept in _compiled(path))])


def _compiled(source: Path) -> list[Path]:
    """What Python and pytest keep of a file: each of the guest's processes would compile it anew, on an emulated processor."""
    return sorted((source.parent / "__pycache__").glob(f"{source.stem}.{sys.implementation.cache_tag}*.pyc"))


def _servers(project: Path) -> dict[str, int]:
    there = (project / ".parts" / place / name for place in _PLACES for name in SERVERS)
    return _weighed(project, (path for path in there if path.is_file()))


def _libraries(project: Path) -> dict[str, int]:
    packages = next(project.glob(".venv/lib/python3.*/site-packages"), project)
    there = {_plain(one.metadata["Name"]): one for one in metadata.distributions(path=[str(packages)])}
    found = [path for pattern in _PYTHON for path in project.glob(pattern)]
    for name in _required(there):
        listed = [str(file) for file in there[name].files or ()]
        kept = (file for file in listed if not any(fnmatch.fnmatch(file, pattern) for pattern in LEFT_OUT))
        found += [path for file in kept if (path := Path(os.path.normpath(packages / file))).is_file()]
    return _weighed(project, found)


def _required(there: Mapping[str, metadata.Distribution]) -> list[str]:
    """LIBRARIES and what they require, as far as it is installed: a requirement of another Python or system is not."""
    if missing := [name for name in LIBRARIES if name not in there]:
        raise MissingComponent(f"not installed: {' '.join(missing)}", where=".venv", mend="run ./campbox test vm")
    todo, done = list(LIBRARIES), dict[str, None]()
    while todo:
        name = todo.pop()
        if name in done or name in UNUSED or name not in there:
            continue
        done[name] = None
        todo += [wanted for text in there[name].requires or () if (wanted := _wanted(text)) is not None]
    return sorted(done)


def _wanted(requirement: str) -> str | None:
    """The name in one line of Requires-Dist (PEP 508), or None where it is for an extra other than ``box``."""
    name, extra = _NAME.match(requirement), _EXTRA.search(requirement)
    return None if name is None or (extra is not None and extra[1] != "box") else _plain(name[0])


def _plain(name: str) -> str:
    """A distribution's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _weighed(project: Path, files: Iterable[Path]) -> dict[str, int]:
    return {str(path.relative_to(project)): path.lstat().st_size for path in files}
