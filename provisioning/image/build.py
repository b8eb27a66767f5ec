"""W An image from a site file: packages fetched, the base made or found, the project laid over it, the disk put together."""

from __future__ import annotations

import os
from importlib.metadata import version
from pathlib import Path

from appliance.box import refuse_sample
from appliance.config import parse
from appliance.files import write_json
from provisioning.card_site import refuse_public_name
from provisioning.image import components, content, disk, environment, merge, recipe, workshop
from provisioning.image.base import build_base
from provisioning.image.emulation import emulated
from provisioning.image.inputs import SLOT, Inputs, Wanted, early_layer, gather
from provisioning.image.partitions import MIB, Placed, place, table
from provisioning.image.report import Built
from provisioning.image.steps import Steps

__all__ = ["Built", "Wanted", "build"]

_KEPT = 3
"""System slots of one architecture in the cache: one a site, for those who build for a few in turn."""


def build(wanted: Wanted, steps: Steps) -> Built:
    """Make the image; at the end the file is there whole, or nothing is. Raises CampboxError."""
    kind, config = recipe.arch(wanted.arch), parse(wanted.text, wanted.file)
    refuse_sample(config, wanted.file)
    refuse_public_name(config, wanted.file)
    disk.check_output(wanted.output)
    disk.check_room(wanted.output.parent, 1000 * MIB)
    with disk.disk_errors(wanted.cache), workshop.opened(wanted.cache, kind.name) as work:
        making = _Making(wanted, gather(wanted, kind, config, work, steps), work, steps)
        return making.image(making.base())


class _Making:
    """One build under way; ``reused`` are the layers that were in the cache."""

    def __init__(self, wanted: Wanted, inputs: Inputs, work: Path, steps: Steps) -> None:
        self.wanted, self.inputs, self.work, self.steps = wanted, inputs, work, steps
        self.reused = list[str]()

    def base(self) -> Path:
        """The base layer's tar, made or found."""
        inputs, cache, name = self.inputs, self.wanted.cache, self.inputs.kind.name
        tar = cache / f"base-{name}-{inputs.base[:20]}.tar"
        if self._found(tar, "base"):
            return tar
        early, made = self.work / "early.tar", self.work / "base.tar"
        merge.write_layer(early_layer(inputs.kind, inputs.config), early, inputs.date)
        with self.steps.step("installing Debian") as step, emulated(inputs.kind):
            build_base(
                inputs.kind, inputs.asked, len(inputs.chosen), archive=inputs.apt.archive(inputs.chosen),
                early=early, to=made, date=inputs.date, step=step, log=cache / f"base-{name}.log",
            )  # fmt: skip
        workshop.keep(made, tar, f"base-{name}-*.tar", 1)
        inputs.apt.forget_others(inputs.chosen)
        return tar

    def image(self, base: Path) -> Built:
        """The whole disk."""
        placed = place(table(self.inputs.kind.name))
        squashfs = self._system(base, placed[1].partition.size)
        boot = self._file_systems(base, squashfs, placed)
        sizes = {"system": squashfs.stat().st_size, "boot": sum(p.stat().st_size for p in boot.rglob("*") if p.is_file())}
        parts = {"boot": self.work / "boot.fat", SLOT: squashfs, "data": self.work / "data.ext4"}
        output = self.wanted.output
        with disk.beside(output) as image, disk.beside(output) as packed:
            with self.steps.step("the disk"):
                disk.assemble(image, placed, parts, self.inputs.recipe)
            sizes |= {"disk": image.stat().st_size, "file": image.stat().st_blocks * 512}
            if output.suffix == ".zst":
                with self.steps.step("compressing"):
                    disk.compress(image, packed)
                image.unlink()
                image = packed
                sizes["file"] = packed.stat().st_size
            return self._put(image, base, sizes)

    def _found(self, path: Path, what: str) -> bool:
        """Is this layer in the cache, and may it be used?"""
        if self.wanted.fresh or not path.exists():
            return False
        self.reused.append(what)
        os.utime(path)
        return True

    def _system(self, base: Path, room: int) -> Path:
        """The system slot, made or found."""
        inputs, name = self.inputs, self.inputs.kind.name
        squashfs = self.wanted.cache / f"{SLOT}-{name}-{inputs.recipe[:20]}.squashfs"
        if self._found(squashfs, "system"):
            return squashfs
        with self.steps.step("the project") as step:
            over = content.over_debian(inputs, base, self.work, step)
        with self.steps.step("the system slot") as step:
            made = self.work / squashfs.name
            disk.make_system(base, over, made, inputs.date, room, lambda done: step.at(done, 1))
        workshop.keep(made, squashfs, f"{SLOT}-{name}-*.squashfs", _KEPT)
        return squashfs

    def _file_systems(self, base: Path, squashfs: Path, placed: tuple[Placed, ...]) -> Path:
        """The other partitions' file systems; returns the boot partition's tree."""
        seed, date = self.inputs.recipe, self.inputs.date
        with self.steps.step("boot files"):
            slot = {"size": squashfs.stat().st_size, "sha256": workshop.sha256(squashfs)}
            boot = content.boot_files(self.inputs, base, self.work / "boot", slot)
            disk.make_boot(boot, self.work / "boot.fat", placed[0], seed, date)
            (self.work / "data").mkdir()
            disk.make_data(self.work / "data", self.work / "data.ext4", placed[3], seed, date)
        return boot

    def _put(self, image: Path, base: Path, sizes: dict[str, int]) -> Built:
        """Lists and report beside the image, and last the image under its name."""
        output, inputs = self.wanted.output, self.inputs
        with workshop.all_or_none(*disk.lists(output)):
            with self.steps.step("the list of parts"):
                built = self._report(sizes, workshop.sha256(image))
                components.write_lists(output, content.parts(inputs, base, built))
            built = self._report(sizes, built.sha256)
            write_json(Path(f"{output}.json"), built.as_json())
            os.replace(image, output)
        return built

    def _report(self, sizes: dict[str, int], sha256: str) -> Built:
        inputs = self.inputs
        return Built(
            arch=inputs.kind.name, site=str(inputs.config.site.id), version=version("campbox"), recipe=inputs.recipe,
            base=inputs.base, date=inputs.date, file=str(self.wanted.output), sha256=sha256, sizes=sizes,
            seconds=dict(self.steps.seconds), reused=tuple(self.reused), compiled=environment.compiles(),
            packages=inputs.chosen, pinned=inputs.pinned, spoken=inputs.spoken,
            wheels={name: workshop.sha256(path) for name, path in inputs.wheels.items()},
        )  # fmt: skip
