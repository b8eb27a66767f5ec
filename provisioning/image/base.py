"""E The base layer: a tar of Debian, made by mmdebstrap from fetched packages, without a network."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from appliance.errors import CommandFailed, NotSo
from appliance.run import find_program
from provisioning.image import recipe
from provisioning.image.recipe import Arch
from provisioning.image.steps import Step, follow

_SHARED = "/var/tmp"
"""For large files that other users may have to reach (Filesystem Hierarchy Standard)."""
_UNPACKING = re.compile(r"(Unpacking|Setting up|Processing triggers for) (\S+)")


def build_base(
    kind: Arch,
    packages: Sequence[str],
    of: int,
    *,
    archive: Path,
    early: Path,
    to: Path,
    date: int,
    step: Step,
    log: Path,
) -> None:
    """Install ``packages`` (``of`` with what they need) from ``archive`` into nothing; the tar ``to`` is what comes of it.

    ``early`` is a tar of files that stand there before the packages are configured. As root, or in a user namespace.
    Raises NotSo with mmdebstrap's last words.
    """
    steps = 0

    def heard(line: str) -> None:
        nonlocal steps
        if (found := _UNPACKING.match(line)) is not None:
            steps += 1
            step.at(min(steps, 2 * of), 2 * of, found[2])

    try:
        with _reachable(archive, early, to) as (there, before, made):
            follow(
                _command(kind, packages, archive=there, early=before, to=made), heard, env=_environment(made.parent, date), log=log
            )
            shutil.move(made, to)
    except CommandFailed as error:
        raise NotSo(f"Debian cannot be installed into the image: {error.what[:300]}", mend=f"all it said is in {log}") from error


@contextlib.contextmanager
def _reachable(archive: Path, early: Path, to: Path) -> Iterator[tuple[Path, Path, Path]]:
    """Where mmdebstrap reads and writes: archive, early files, tar. In a user namespace homes are closed to it."""
    if os.geteuid() == 0:
        yield archive, early, to.with_suffix(".new")
        return
    with tempfile.TemporaryDirectory(prefix="campbox-image-", dir=_SHARED) as name:
        place = Path(name)
        place.chmod(0o1777)
        shutil.copytree(archive, place / "archive", ignore=shutil.ignore_patterns("lists", "partial", "etc", "lock", "*.bin"))
        shutil.copyfile(early, place / "early.tar")
        for path in (place / "archive", *(place / "archive").rglob("*"), place / "early.tar"):  # whatever the umask
            path.chmod(0o755 if path.is_dir() else 0o644)
        yield place / "archive", place / "early.tar", place / "base.tar"


def _command(kind: Arch, packages: Sequence[str], *, archive: Path, early: Path, to: Path) -> list[str]:
    excluded = [f"--dpkgopt=path-exclude={path}" for path in recipe.EXCLUDED_PATHS]
    kept = [f"--dpkgopt=path-include={path}" for path in recipe.KEPT_PATHS]
    return [
        "mmdebstrap", "--verbose", f"--mode={'root' if os.geteuid() == 0 else 'unshare'}", "--variant=essential",
        f"--architectures={kind.name}", f"--include={','.join(packages)}", "--format=tar",
        "--dpkgopt=force-confold", "--dpkgopt=force-unsafe-io", *excluded, *kept,
        '--aptopt=APT::Install-Recommends "false"', '--aptopt=Acquire::Languages "none"',
        "--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr", f"--essential-hook=tar-in {early} /",
        "--skip=check/qemu,check/signed-by",
        recipe.SUITE, str(to), f"deb [trusted=yes] copy://{archive} ./",
    ]  # fmt: skip


def _environment(work: Path, date: int) -> dict[str, str]:
    """``work`` holds the growing root; the date makes every file's time and the initramfs the same in each build."""
    tools = str(Path(find_program("mmdebstrap")).parent)
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin", tools])
    return {"PATH": path, "TMPDIR": str(work), "SOURCE_DATE_EPOCH": str(date), "LC_ALL": "C.UTF-8", "HOME": "/"}
