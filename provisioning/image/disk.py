"""E The image file: file systems made as plain files, then put at their places behind a GPT; no mount and no loop device."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from appliance.errors import BadInput, CampboxError, NotSo
from appliance.run import run
from provisioning.image import recipe
from provisioning.image.layer import Entry
from provisioning.image.merge import merge
from provisioning.image.partitions import MIB, Placed, disk_size, hybrid_mbr, sfdisk_script
from provisioning.image.steps import feeding
from provisioning.sparse import blocks, is_empty


def make_system(base: Path, layer: Mapping[str, Entry], to: Path, date: int, room: int, at: Callable[[float], None]) -> int:
    """The system slot as a squashfs. Returns how many paths it has. Raises NotSo when it does not fit into ``room`` bytes."""
    # Not its sister sqfstar: 4.5.1 cannot read that one's compression level.
    argv = ["mksquashfs", "-", str(to), "-tar", *recipe.SQUASHFS, "-noappend"]
    argv += ["-root-mode", "0755", "-root-uid", "0", "-root-gid", "0", "-no-progress", "-quiet"]
    with feeding(argv, env=_environment(date), log=to.with_suffix(".log")) as out:
        paths = merge(base, layer, out, date, at)
    size = to.stat().st_size
    if size > room:
        raise NotSo(f"the system has {size // MIB} MiB and its slot {room // MIB}", mend="leave something out")
    return paths


def make_boot(files: Path, to: Path, placed: Placed, seed: str, date: int) -> None:
    """The boot partition: FAT32 holding the tree ``files``."""
    with to.open("wb") as file:
        file.truncate(placed.partition.size)
    serial, hidden = f"{recipe.volume_id(seed, 'boot'):08x}", str(placed.offset // 512)
    run(
        ["mkfs.fat", "--invariant", "-F", "32", "-s", "4", "-h", hidden, "-n", "BOOT", "-i", serial, str(to)],
        env=_environment(date),
    )
    for path in sorted(files.rglob("*")):
        os.utime(path, (date, date))
    names = [str(path) for path in sorted(files.iterdir())]
    run(["mcopy", "-s", "-p", "-m", "-Q", "-i", str(to), *names, "::/"], env=_environment(date), timeout=300)


def make_data(files: Path, to: Path, placed: Placed, seed: str, date: int) -> None:
    """The data partition: a small ext4 that can grow to any card; block size and inodes as for a large one."""
    with to.open("wb") as file:
        file.truncate(placed.partition.size)
    for path in (files, *sorted(files.rglob("*"))):
        os.utime(path, (date, date))
    identity = str(recipe.guid(seed, "data-fs"))
    options = f"root_owner=0:0,hash_seed={recipe.guid(seed, 'data-hash')},lazy_itable_init=0,lazy_journal_init=0,nodiscard"
    argv = ["mke2fs", "-q", "-F", "-t", "ext4", "-b", "4096", "-i", "16384", "-J", "size=8", "-m", "1", "-L", "data"]
    run([*argv, "-U", identity, "-E", options, "-d", str(files), str(to)], env=_environment(date), timeout=300)


def assemble(to: Path, placed: Sequence[Placed], parts: Mapping[str, Path], seed: str) -> None:
    """Write the GPT, the hybrid MBR and every partition that has a file; holes stay holes."""
    with to.open("wb") as file:
        file.truncate(disk_size(placed))
    run(["sfdisk", "--quiet", "--no-reread", "--no-tell-kernel", "--wipe", "never", str(to)], input=sfdisk_script(placed, seed))
    with to.open("r+b") as file:
        file.write(hybrid_mbr(placed[0], recipe.volume_id(seed, "mbr")))
        for one in placed:
            part = parts.get(one.partition.name)
            if part is not None:
                put(part, file.fileno(), one.offset)
        file.flush()
        os.fsync(file.fileno())


def put(part: Path, to: int, offset: int) -> None:
    """Copy a file to its place, leaving out blocks of zeros."""
    with part.open("rb") as file:
        for block in blocks(file.fileno(), 0, part.stat().st_size):
            if not is_empty(block):
                os.pwrite(to, block, offset)
            offset += len(block)


def compress(image: Path, to: Path) -> None:
    """Zstandard in blocks of a fixed size, so that the number of processors does not show in the result."""
    run(["zstd", "-q", "-f", "-9", "-T2", "-o", str(to), str(image)], timeout=None)


def check_output(path: Path) -> None:
    """Raises BadInput for anything but a new or replaceable plain file."""
    if path.is_block_device() or path.is_char_device() or str(path).startswith("/dev/"):
        raise BadInput("is a device", where=str(path), mend="build into a file, then: campbox flash FILE --to DEVICE")
    if path.is_dir() or (path.exists() and not path.is_file()):
        raise BadInput("is no plain file", where=str(path), mend="name a file, for example north.img.zst")
    if not path.parent.is_dir():
        raise BadInput("its folder does not exist", where=str(path), mend=f"mkdir -p {path.parent}")
    if not os.access(path.parent, os.W_OK):
        raise BadInput("its folder is not writable", where=str(path), mend="choose another or mend its permissions")


def check_room(folder: Path, needed: int) -> None:
    """Raises NotSo when ``folder``'s disk has fewer than ``needed`` free bytes."""
    free = shutil.disk_usage(folder).free
    if free < needed:
        what = f"{free // MIB} MiB are free and the build needs {needed // MIB}"
        raise NotSo(what, where=str(folder), mend="make room there, or set XDG_CACHE_HOME and --output to another disk")


@contextlib.contextmanager
def beside(path: Path) -> Iterator[Path]:
    """A name beside ``path`` for what is half made; whatever is there at the end goes."""
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    os.fchmod(descriptor, 0o644)
    os.close(descriptor)
    try:
        yield Path(name)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)


def lists(path: Path) -> tuple[Path, ...]:
    """What stands beside a built image: its report, its parts, their licences."""
    return tuple(Path(f"{path}{end}") for end in (".json", ".spdx.json", ".licences.txt"))


def hand_over(path: Path, environment: Mapping[str, str]) -> None:
    """Give a built file and the lists beside it to who asked for it through sudo."""
    user, group = environment.get("SUDO_UID", ""), environment.get("SUDO_GID", "")
    if os.geteuid() == 0 and user.isdigit() and group.isdigit():
        for one in (path, *lists(path)):
            os.chown(one, int(user), int(group), follow_symlinks=False)


@contextlib.contextmanager
def disk_errors(where: Path) -> Iterator[None]:
    """A disk that fills up meanwhile is told as such. Raises NotSo."""
    try:
        yield
    except OSError as error:
        raise NotSo(
            f"cannot write: {error.strerror}", where=str(error.filename or where), mend="make room and start again"
        ) from error
    except CampboxError as error:
        if "No space left" in error.what or "ENOSPC" in error.what:
            raise NotSo("the disk is full", where=str(where), mend="make room and start again") from error
        raise


def _environment(date: int) -> dict[str, str]:
    """Dates that do not depend on today: mtools and newer e2fsprogs read the first, e2fsprogs 1.47.0 the second."""
    return {
        "PATH": os.environ.get("PATH", os.defpath), "SOURCE_DATE_EPOCH": str(date), "E2FSPROGS_FAKE_TIME": str(date),
        "TZ": "UTC", "LC_ALL": "C.UTF-8", "MTOOLS_SKIP_CHECK": "1",
    }  # fmt: skip
