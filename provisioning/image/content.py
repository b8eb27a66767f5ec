"""W What is laid over Debian's tree and what stands in the boot partition, put together for one image."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from appliance.files import write_json
from appliance.install import install
from provisioning.image import accounts, bootfiles, components, environment, layer, merge, recipe, report, system
from provisioning.image.inputs import SLOT, Inputs
from provisioning.image.layer import Entry
from provisioning.image.report import Built
from provisioning.image.sbom import DebianPackage, Wheel, spdx
from provisioning.image.steps import Step

_MOUNTED = ("boot/firmware", "var/lib/campbox", "dev", "proc", "sys", "run", "tmp")


def over_debian(inputs: Inputs, base: Path, work: Path, step: Step) -> dict[str, Entry]:
    """The project's layer: its environment, its units, the system's files and users."""
    tree = work / "tree"
    environment.build_environment(inputs.kind, inputs.wheels.values(), inputs.project, tree, work, step)
    python = Path(f"{recipe.HOME}/bin/python")
    install(inputs.text, inputs.config, to=tree, code=Path(recipe.CODE), python=python, every_site=True)
    over = {entry.path: entry for entry in merge.staged(tree)}
    over |= layer.entries(system.late(inputs.config, inputs.arch))
    over |= {path: Entry(path, "dir", 0o1777 if path == "tmp" else 0o755) for path in _MOUNTED}
    over["usr/local/bin/campbox"] = Entry("usr/local/bin/campbox", "link", 0o777, f"{recipe.HOME}/bin/campbox")
    return over | _users(base, over, inputs.date)


def _users(base: Path, over: Mapping[str, Entry], date: int) -> dict[str, Entry]:
    """Users that a running system would have to make at every start, for its /etc is in RAM."""
    files = [entry for path, entry in over.items() if path.startswith(("etc/sysusers.d/", "usr/lib/sysusers.d/"))]
    wanted = [one for entry in files for one in accounts.parse_sysusers(_text(entry))]
    there = merge.texts(base, [f"etc/{name}" for name in ("passwd", "group", "shadow")])
    passwd, group, shadow = accounts.with_users(
        there["etc/passwd"], there["etc/group"], there["etc/shadow"], wanted, date // 86_400
    )
    return {
        "etc/passwd": Entry("etc/passwd", "file", 0o644, passwd.encode()),
        "etc/group": Entry("etc/group", "file", 0o644, group.encode()),
        "etc/shadow": Entry("etc/shadow", "file", 0o640, shadow.encode(), gid=accounts.SHADOW),
    }


def _text(entry: Entry) -> str:
    if isinstance(entry.data, Path):
        return entry.data.read_text("utf-8")
    return entry.data if isinstance(entry.data, str) else entry.data.decode()


def boot_files(inputs: Inputs, base: Path, to: Path, slot: Mapping[str, Any]) -> Path:
    """The tree of the boot partition; ``slot`` is the system's size and SHA-256."""
    merge.extract(base, bootfiles.plan(inputs.kind, merge.names(base), SLOT), to)
    for file in system.boot(inputs.arch, SLOT):
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


def parts(inputs: Inputs, base: Path, built: Built) -> dict[str, Any]:
    """The image's parts and their licences, as SPDX."""
    status, copyrights = components.read_base(base)
    own = Wheel(f"Name: campbox\nVersion: {built.version}\nLicense-Expression: MIT\n")
    return spdx(
        name=f"campbox-{built.site}-{built.arch}", version=built.version, created=inputs.date, recipe_hash=inputs.recipe,
        dpkg_status=status, copyrights=copyrights,
        wheels=[own, *components.read_wheels((path, built.wheels[name]) for name, path in inputs.wheels.items())],
        deb_hashes={DebianPackage(one.name, one.version, one.arch).purl: one.sha256 for one in inputs.chosen},
    )  # fmt: skip
