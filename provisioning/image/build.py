"""W An image from a site file: packages fetched, the base made or found, the project laid over it, the disk put together."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, cast

from appliance.box import refuse_sample
from appliance.config import SiteConfig, parse
from appliance.errors import NotSo
from appliance.files import write_json
from appliance.install import install
from provisioning.image import accounts, bootfiles, components, disk, environment, layer, merge, recipe, report, system
from provisioning.image.archive import Archive
from provisioning.image.base import build_base
from provisioning.image.emulation import emulated
from provisioning.image.fetch import Apt
from provisioning.image.layer import Entry
from provisioning.image.libraries import Pinned
from provisioning.image.partitions import MIB, place, table
from provisioning.image.report import Built
from provisioning.image.sbom import DebianPackage, Wheel, spdx
from provisioning.image.steps import Steps

SLOT: system.Slot = "system_a"
_NEEDED = 5000 * MIB
"""Bytes in the cache while a first build runs: packages, the root while it grows, its tar, the parts of the disk."""


_MOUNTED = ("boot/firmware", "var/lib/campbox", "dev", "proc", "sys", "run", "tmp")


@dataclass(frozen=True)
class Wanted:
    """What is asked for. ``offline``: only what was fetched before; ``fresh``: no layer that was built before."""

    text: str
    file: str
    arch: str
    output: Path
    cache: Path
    sources: str
    offline: bool = False
    fresh: bool = False


@dataclass
class _Inputs:
    """What a build is made from, all fetched."""

    text: str
    config: SiteConfig
    kind: recipe.Arch
    apt: Apt
    asked: tuple[str, ...]
    chosen: tuple[Archive, ...]
    wheels: dict[str, Path]
    pinned: Sequence[Pinned]
    date: int
    base: str
    recipe: str


def build(wanted: Wanted, steps: Steps) -> Built:
    """Make the image; at the end the file is there whole, or nothing is. Raises CampboxError."""
    kind, config = recipe.arch(wanted.arch), parse(wanted.text, wanted.file)
    refuse_sample(config, wanted.file)
    disk.check_output(wanted.output)
    disk.check_room(wanted.output.parent, 1000 * MIB)
    with disk.disk_errors(wanted.cache), _cache(wanted.cache, kind.name), _work(wanted.cache, kind.name) as work:
        inputs = _fetch(wanted, kind, config, steps)
        reused = list[str]()
        base = _base(wanted, inputs, work, steps, reused)
        return _image(wanted, inputs, base, work, steps, reused)


def _fetch(wanted: Wanted, kind: recipe.Arch, config: SiteConfig, steps: Steps) -> _Inputs:
    arch = cast(system.Arch, kind.name)
    apt = Apt(wanted.cache / f"apt-{kind.name}", kind, wanted.sources)
    asked = recipe.packages(kind, system.PACKAGES)
    with steps.step("package lists") as step:
        if not wanted.offline:
            apt.update(step)
        chosen = apt.choose(asked)
    with steps.step("Debian packages") as step:
        if wanted.offline and apt.missing(chosen):
            raise NotSo("not everything was fetched before", where="--offline", mend="build once with a line")
        disk.check_room(wanted.cache, _NEEDED + apt.missing(chosen))
        apt.fetch(chosen, asked, step)
    with steps.step("Python libraries") as step:
        pinned = environment.locked()
        wheels = environment.fetch_wheels(kind, pinned, wanted.cache / f"wheels-{kind.name}", step)
    early = layer.outline(layer.entries(system.early(config, arch)))
    base = recipe.base_hash(kind, {one.file: one.sha256 for one in chosen}, early, asked)
    files = layer.outline(layer.entries(system.late(config, arch))), layer.outline(layer.entries(system.boot(arch, SLOT)))
    partitions = [[one.name, one.type, one.size] for one in table(kind.name)]
    whole = recipe.recipe_hash(base, environment.source_digest(pinned), files, partitions, wanted.text)
    return _Inputs(wanted.text, config, kind, apt, asked, chosen, wheels, pinned, apt.date(chosen), base, whole)


def _base(wanted: Wanted, inputs: _Inputs, work: Path, steps: Steps, reused: list[str]) -> Path:
    """The base layer's tar, made or found."""
    kind = inputs.kind
    tar = wanted.cache / f"base-{kind.name}-{inputs.base[:20]}.tar"
    if tar.exists() and not wanted.fresh:
        reused.append("base")
        os.utime(tar)
        return tar
    early = work / "early.tar"
    merge.write_layer(layer.entries(system.early(inputs.config, cast(system.Arch, kind.name))), early, inputs.date)
    with steps.step("installing Debian") as step, emulated(kind):
        made, archive = work / "base.tar", inputs.apt.archive(inputs.chosen)
        build_base(
            kind, inputs.asked, len(inputs.chosen),
            archive=archive, early=early, to=made, date=inputs.date, step=step,
            log=wanted.cache / f"base-{kind.name}.log",
        )  # fmt: skip
    for old in wanted.cache.glob(f"base-{kind.name}-*.tar"):
        old.unlink()
    os.replace(made, tar)
    inputs.apt.forget_others(inputs.chosen)
    return tar


def _image(wanted: Wanted, inputs: _Inputs, base: Path, work: Path, steps: Steps, reused: list[str]) -> Built:
    kind, date, seed = inputs.kind, inputs.date, inputs.recipe
    placed = place(table(kind.name))
    squashfs = wanted.cache / f"{SLOT}-{kind.name}-{seed[:20]}.squashfs"
    if squashfs.exists() and not wanted.fresh:
        reused.append("system")
    else:
        _system(inputs, base, work, steps, squashfs, placed[1].partition.size)
    with steps.step("boot files"):
        size, digest = squashfs.stat().st_size, _sha256(squashfs)
        boot = _boot(inputs, base, work / "boot", {"size": size, "sha256": digest})
        disk.make_boot(boot, work / "boot.fat", placed[0], seed, date)
        data = work / "data"
        data.mkdir()
        disk.make_data(data, work / "data.ext4", placed[3], seed, date)
    parts = {"boot": work / "boot.fat", SLOT: squashfs, "data": work / "data.ext4"}
    sizes = {"system": size, "boot": sum(path.stat().st_size for path in boot.rglob("*") if path.is_file())}
    with disk.beside(wanted.output) as image, disk.beside(wanted.output) as packed:
        with steps.step("the disk"):
            disk.assemble(image, placed, parts, seed)
        sizes["disk"] = image.stat().st_size
        if wanted.output.suffix == ".zst":
            with steps.step("compressing"):
                disk.compress(image, packed)
        whole = packed if wanted.output.suffix == ".zst" else image
        sizes["file"] = whole.stat().st_size if whole is packed else whole.stat().st_blocks * 512
        built = _report(wanted, inputs, steps, reused, sizes, _sha256(whole))
        with steps.step("the list of parts"):
            components.write_lists(wanted.output, _parts(inputs, base, built))
        write_json(Path(f"{wanted.output}.json"), built.as_json())
        os.replace(whole, wanted.output)
    return built


def _system(inputs: _Inputs, base: Path, work: Path, steps: Steps, squashfs: Path, room: int) -> None:
    """The system slot: Debian's tree with the project, its units and the system's files over it."""
    tree = work / "tree"
    with steps.step("the project") as step:
        environment.build_environment(inputs.kind, inputs.wheels.values(), tree, work, step)
        install(
            inputs.text, inputs.config, to=tree, code=Path(recipe.CODE), python=Path(f"{recipe.HOME}/bin/python"), every_site=True
        )
        over = {entry.path: entry for entry in merge.staged(tree)}
        over |= layer.entries(system.late(inputs.config, cast(system.Arch, inputs.kind.name)))
        over |= {path: Entry(path, "dir", 0o1777 if path == "tmp" else 0o755) for path in _MOUNTED}
        over["usr/local/bin/campbox"] = Entry("usr/local/bin/campbox", "link", 0o777, f"{recipe.HOME}/bin/campbox")
        over |= _accounts(base, over, inputs.date)
    with steps.step("the system slot") as step:
        made = work / squashfs.name
        disk.make_system(base, over, made, inputs.date, room, lambda done: step.at(done, 1))
    for old in squashfs.parent.glob(f"{SLOT}-{inputs.kind.name}-*.squashfs"):
        old.unlink()
    os.replace(made, squashfs)


def _accounts(base: Path, over: dict[str, Entry], date: int) -> dict[str, Entry]:
    """Users that a running system would have to make at every start, for its /etc is in RAM."""
    files = [entry for path, entry in over.items() if path.startswith(("etc/sysusers.d/", "usr/lib/sysusers.d/"))]
    wanted = [one for entry in files for one in accounts.parse_sysusers(_text(entry))]
    there = merge.texts(base, ["etc/passwd", "etc/group", "etc/shadow"])
    passwd, group, shadow = accounts.with_users(
        there["etc/passwd"], there["etc/group"], there["etc/shadow"], wanted, date // 86_400
    )
    return {
        "etc/passwd": Entry("etc/passwd", "file", 0o644, passwd.encode()),
        "etc/group": Entry("etc/group", "file", 0o644, group.encode()),
        "etc/shadow": Entry("etc/shadow", "file", 0o640, shadow.encode(), gid=accounts.SHADOW),
    }


def _text(entry: Entry) -> str:
    return entry.data.read_text("utf-8") if isinstance(entry.data, Path) else bytes(entry.data).decode()  # type: ignore[arg-type]


def _boot(inputs: _Inputs, base: Path, to: Path, slot: dict[str, Any]) -> Path:
    """The tree of the boot partition."""
    merge.extract(base, bootfiles.plan(inputs.kind, merge.names(base), SLOT), to)
    for file in system.boot(cast(system.Arch, inputs.kind.name), SLOT):
        path = to / layer.checked(file.path)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(file.text)
    told = report.manifest(
        arch=inputs.kind.name, version=version("campbox"), recipe=inputs.recipe, site=str(inputs.config.site.id),
        date=inputs.date, system=slot,
    )  # fmt: skip
    (to / "campbox").mkdir()
    write_json(to / "campbox/image.json", told)
    return to


def _report(wanted: Wanted, inputs: _Inputs, steps: Steps, reused: list[str], sizes: dict[str, int], sha256: str) -> Built:
    return Built(
        arch=inputs.kind.name, site=str(inputs.config.site.id), version=version("campbox"), recipe=inputs.recipe, base=inputs.base,
        date=inputs.date, file=str(wanted.output), sha256=sha256, sizes=sizes, seconds=dict(steps.seconds), reused=tuple(reused),
        compiled=environment.compiles(), packages=inputs.chosen, pinned=inputs.pinned,
        wheels={name: _sha256(path) for name, path in inputs.wheels.items()},
    )  # fmt: skip


def _parts(inputs: _Inputs, base: Path, built: Built) -> dict[str, Any]:
    """The image's parts and their licences, as SPDX."""
    status, copyrights = components.read_base(base)
    own = Wheel(f"Name: campbox\nVersion: {built.version}\nLicense-Expression: MIT\n")
    return spdx(
        name=f"campbox-{built.site}-{built.arch}", version=built.version, created=inputs.date, recipe_hash=inputs.recipe,
        dpkg_status=status, copyrights=copyrights,
        wheels=[own, *components.read_wheels((path, built.wheels[name]) for name, path in inputs.wheels.items())],
        deb_hashes={DebianPackage(one.name, one.version, one.arch).purl: one.sha256 for one in inputs.chosen},
    )  # fmt: skip


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextlib.contextmanager
def _cache(folder: Path, arch: str) -> Iterator[None]:
    """One build of an architecture at a time in one cache. Raises NotSo."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"lock-{arch}").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise NotSo("another build runs", where=str(folder), mend="wait for it") from error
        for left in folder.glob(f"work-{arch}-*"):  # of a build that was killed
            shutil.rmtree(left, ignore_errors=True)
        yield


@contextlib.contextmanager
def _work(folder: Path, arch: str) -> Iterator[Path]:
    """A folder for what is half made."""
    with tempfile.TemporaryDirectory(prefix=f"work-{arch}-", dir=folder) as name:
        work = Path(name)
        work.chmod(0o755)  # mmdebstrap in a user namespace is another user
        yield work
