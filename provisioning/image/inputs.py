"""W Everything an image is made from, fetched and named: packages, libraries, the recipe's hash."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from appliance.config import SiteConfig
from appliance.errors import NotSo
from provisioning.image import bootfiles, disk, environment, layer, recipe, system, voices
from provisioning.image.archive import Archive
from provisioning.image.fetch import Apt
from provisioning.image.layer import Entry
from provisioning.image.libraries import Pinned
from provisioning.image.partitions import MIB, table
from provisioning.image.steps import Steps

SLOT: system.Slot = "system_a"
_NEEDED = 3000 * MIB
"""Bytes in the cache while a first build runs, beside the packages: the root while it grows, its tar, the parts of the disk."""


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


@dataclass(frozen=True)
class Inputs:
    """What a build is made from. ``asked`` are packages by name, ``chosen`` with all they need; ``date`` is the newest one's,
    ``spoken`` are the languages that a machine reads aloud."""

    text: str
    config: SiteConfig
    kind: recipe.Arch
    apt: Apt
    asked: tuple[str, ...]
    chosen: tuple[Archive, ...]
    wheels: dict[str, Path]
    pinned: Sequence[Pinned]
    project: Path
    spoken: tuple[str, ...]
    date: int
    base: str
    recipe: str

    @property
    def arch(self) -> system.Arch:
        """The architecture as ``system`` knows it."""
        return cast(system.Arch, self.kind.name)


def gather(wanted: Wanted, kind: recipe.Arch, config: SiteConfig, work: Path, steps: Steps) -> Inputs:
    """Fetch what is not here yet and name what comes of it. Raises Unreachable without a line, NotSo."""
    apt, asked = Apt(wanted.cache / f"apt-{kind.name}", kind, wanted.sources), recipe.packages(kind, system.PACKAGES)
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
    # A copy first: what is hashed must be what is installed, though somebody may be editing meanwhile.
    project = environment.stage(work / "project", environment.PROJECT)
    with steps.step("reading aloud"):
        spoken = voices.read_aloud(wanted.text, project, work)
    date = apt.date(chosen)
    base = recipe.base_hash(kind, {one.file: one.sha256 for one in chosen}, layer.outline(early_layer(kind, config)), asked, date)
    whole = _name(base, kind, config, environment.source_digest(pinned, project), wanted.text)
    return Inputs(wanted.text, config, kind, apt, asked, chosen, wheels, pinned, project, spoken, date, base, whole)


def early_layer(kind: recipe.Arch, config: SiteConfig) -> dict[str, Entry]:
    """What stands in the root before packages are configured."""
    return layer.entries((*system.early(config, cast(system.Arch, kind.name)), *bootfiles.QUIET.get(kind.name, ())))


def _name(base: str, kind: recipe.Arch, config: SiteConfig, project: str, site: str) -> str:
    """The hash of the whole recipe."""
    arch = cast(system.Arch, kind.name)
    files = layer.outline(layer.entries(system.late(config, arch))), layer.outline(layer.entries(system.boot(arch, SLOT)))
    partitions = [[one.name, one.type, one.size] for one in table(kind.name)]
    return recipe.recipe_hash(base, recipe.digest([project, environment.compiles()]), files, partitions, site)
