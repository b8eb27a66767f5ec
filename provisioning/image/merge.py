"""E Two layers become one tar: Debian's tree less what is dropped, then what is laid over it; owners by number, times clamped."""

from __future__ import annotations

import io
import shutil
import stat
import tarfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO

from appliance.errors import NotSo
from provisioning.image.layer import Entry, dropped, with_parents


def merge(
    base: Path, layer: Mapping[str, Entry], out: IO[bytes], date: int, at: Callable[[float], None] = lambda done: None
) -> int:
    """Write the merged tar to ``out``; ``at`` hears the part done. Returns how many paths it has. Raises NotSo."""
    over, size, paths = with_parents(layer), base.stat().st_size, set[str]()
    with (
        tarfile.open(base, "r:", errorlevel=2) as old,
        tarfile.open(fileobj=out, mode="w|", format=tarfile.PAX_FORMAT, bufsize=1 << 20) as new,
    ):
        for member in old:
            path = _plain(member.name)
            if path and _kept(path, member, over, paths):
                member.mtime = min(int(member.mtime), date)
                _add(new, member, old.extractfile(member) if member.isreg() else None)
                paths.add(path)
                at(member.offset_data / size)
        for entry in over.values():
            if entry.path not in paths:
                _put(new, entry, date)
                paths.add(entry.path)
    return len(paths)


def _plain(name: str) -> str:
    return name.removeprefix("./").strip("/") if name not in (".", "./") else ""


def _kept(path: str, member: tarfile.TarInfo, over: Mapping[str, Entry], paths: set[str]) -> bool:
    if path in over and over[path].kind != "dir":
        if member.isdir():
            raise NotSo(f"a file would replace the folder /{path}", where="the image's layer")
        return False
    if path in over and not member.isdir():
        raise NotSo(f"a folder would replace /{path}", where="the image's layer", mend="write below what the link leads to")
    if dropped(path):
        return False
    if member.islnk() and _plain(member.linkname) not in paths:
        raise NotSo(f"/{path} is another name of what is left out: /{_plain(member.linkname)}", where="the image's layer")
    return True


def _add(new: tarfile.TarFile, member: tarfile.TarInfo, data: IO[bytes] | None) -> None:
    member.name, member.uname, member.gname = _plain(member.name), "", ""
    if member.islnk():
        member.linkname = _plain(member.linkname)
    # Times in a pax header would win over the clamped one.
    member.pax_headers = {key: value for key, value in member.pax_headers.items() if key.startswith("SCHILY.xattr.")}
    new.addfile(member, data)


def _put(new: tarfile.TarFile, entry: Entry, date: int) -> None:
    member = tarfile.TarInfo(entry.path)
    member.mtime, member.mode, member.gid = date, entry.mode, entry.gid
    if entry.kind == "dir":
        member.type = tarfile.DIRTYPE
        new.addfile(member)
    elif isinstance(entry.data, Path):
        member.size = entry.data.stat().st_size
        with entry.data.open("rb") as file:
            new.addfile(member, file)
    elif isinstance(entry.data, str):
        member.type, member.linkname = tarfile.SYMTYPE, entry.data
        new.addfile(member)
    else:
        member.size = len(entry.data)
        new.addfile(member, io.BytesIO(entry.data))


def write_layer(layer: Mapping[str, Entry], to: Path, date: int) -> None:
    """A layer alone as a tar."""
    with tarfile.open(to, "w:", format=tarfile.PAX_FORMAT) as new:
        for entry in with_parents(layer).values():
            _put(new, entry, date)


def staged(folder: Path) -> Iterator[Entry]:
    """Every file below a folder as an entry of root's: 0755 for what may be run and folders, 0644 for the rest."""
    for path in sorted(folder.rglob("*")):
        name, mode = str(path.relative_to(folder)), path.lstat().st_mode
        if stat.S_ISLNK(mode):
            yield Entry(name, "link", 0o777, str(path.readlink()))
        elif stat.S_ISDIR(mode):
            yield Entry(name, "dir", 0o755)
        else:
            yield Entry(name, "file", 0o755 if mode & 0o111 else 0o644, path)


def names(base: Path) -> list[str]:
    """Every plain file in a tar."""
    with tarfile.open(base, "r:") as tar:
        return [_plain(member.name) for member in tar if member.isreg()]


def texts(base: Path, wanted: Iterable[str]) -> dict[str, str]:
    """Small files of a tar as texts. Raises NotSo when one is missing."""
    left, found = set(wanted), dict[str, str]()
    with tarfile.open(base, "r:") as tar:
        for member in tar:
            if (name := _plain(member.name)) in left and member.isreg():
                data = tar.extractfile(member)
                assert data is not None
                found[name] = data.read().decode("utf-8", "surrogateescape")
                left.remove(name)
                if not left:
                    return found
    raise NotSo(f"Debian's tree has no /{min(left)}")


def extract(base: Path, wanted: Mapping[str, str], to: Path) -> None:
    """Put files of a tar where ``wanted`` says: path below ``to`` -> path in the tar."""
    targets: dict[str, list[Path]] = {}
    for target, source in wanted.items():
        targets.setdefault(source, []).append(to / target)
    with tarfile.open(base, "r:") as tar:
        for member in tar:
            for path in targets.get(_plain(member.name), ()) if member.isreg() else ():
                data = tar.extractfile(member)
                assert data is not None
                path.parent.mkdir(parents=True, exist_ok=True)
                with path.open("wb") as file:
                    shutil.copyfileobj(data, file, 1 << 20)
