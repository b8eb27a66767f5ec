"""E Writing a stick: the same repository as on the hub's web server, of the newest edition, under names that FAT can hold.

The time stamp is written last: a stick that is pulled in the middle holds the old edition or none, never half of a new one.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from appliance.errors import BadInput, NotSo
from appliance.files import make_folder, write_atomically
from content_cache import fat_names
from content_cache.publish.signing import SignedRepository

FOLDER = "campbox"
README = """\
Campbox: the service catalogue of a site, signed by its hub.

Put this stick into a box. The box checks every signature and takes the catalogue if it is newer than its own.
Nothing on this stick is secret, and nothing on it is about people who use a box.
"""
Progress = Callable[[int, int], None]
"""Is told bytes done and in all."""


@dataclass(frozen=True)
class Written:
    """What stands on the stick now."""

    files: int
    octets: int


def files(repository: SignedRepository) -> list[tuple[str, Path]]:
    """Path on the stick and file of everything a box needs, the time stamp last: every root, the newest of each other role."""
    roles = ["snapshot", "targets", *(role for role in repository.delegated if repository.newest(role))]
    roots = sorted(repository.metadata.glob("*.root.json"), key=lambda path: int(path.name.split(".")[0]))
    newest = [path for role in roles if (path := repository.newest(role)) is not None]
    named = [(role, *pair) for role in roles[1:] for pair in repository.open(role).signed.targets.items()]
    found = [("metadata/root.json", repository.metadata / "root.json")]
    found += [(f"metadata/{path.name}", path) for path in (*roots, *newest)]
    for _, name, target in named:
        path = repository.file(name, target)
        found.append((f"targets/{path.relative_to(repository.target_folder)}", path))
    return [*found, ("metadata/timestamp.json", repository.metadata / "timestamp.json")]


def write(repository: SignedRepository, stick: Path, progress: Progress = lambda done, total: None) -> Written:
    """Write it below ``stick``, an existing folder. Raises BadInput, or NotSo when there is no catalogue or not enough room."""
    if not stick.is_dir():
        raise BadInput("not a folder", where=str(stick), mend="name the folder under which the stick is mounted")
    repository.read_current()
    wanted = files(repository)
    _judge(wanted)
    top, total = stick / FOLDER, sum(path.stat().st_size for _, path in wanted)
    missing = [(name, path) for name, path in wanted if not _same(top / name, path)]
    room, needed = shutil.disk_usage(stick).free, sum(path.stat().st_size for _, path in missing)
    if needed > room:
        raise NotSo(f"{needed} bytes are needed and {room} are free", where=str(stick), mend="make room on the stick")
    done = total - needed
    for name, path in missing:
        make_folder((top / name).parent)
        write_atomically(top / name, path.read_bytes())
        done += path.stat().st_size
        progress(done, total)
    _forget(top, {name for name, _ in wanted})
    write_atomically(top / "README.txt", README)
    _read_back(top, wanted)
    return Written(len(wanted), total)


def _judge(wanted: list[tuple[str, Path]]) -> None:
    for name, path in wanted:
        problem = fat_names.problem(f"{FOLDER}/{name}", path.stat().st_size)
        if problem:
            raise NotSo(f"the stick cannot hold a file: {problem}", where=name[:80], mend="tell the makers")
    for name in fat_names.twins(name for name, _ in wanted):
        raise NotSo("the stick cannot tell two files apart", where=name[:80], mend="tell the makers")


def _same(there: Path, here: Path) -> bool:
    return there.is_file() and there.stat().st_size == here.stat().st_size and there.read_bytes() == here.read_bytes()


def _forget(top: Path, wanted: set[str]) -> None:
    for path in list(_below(top)):
        if str(path.relative_to(top)) not in wanted:
            path.unlink()


def _below(top: Path) -> Iterator[Path]:
    for folder in ("metadata", "targets"):
        for parent, _, names in os.walk(top / folder):
            yield from (Path(parent) / name for name in names)


def _read_back(top: Path, wanted: list[tuple[str, Path]]) -> None:
    for name, path in wanted:
        if not _same(top / name, path):
            raise NotSo("what was written does not read back", where=str(top / name), mend="take another stick")
