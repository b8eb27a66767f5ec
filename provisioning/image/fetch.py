"""E Debian packages by apt, into a cache of our own: a cut line loses nothing, and nothing of this machine's apt is touched."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from appliance.errors import CommandFailed, MissingComponent, NotSo, Unreachable
from appliance.files import write_atomically
from appliance.moment import BUILT
from appliance.run import run
from provisioning.image import recipe
from provisioning.image.archive import Archive, newest, packages_index, parse_archives, parse_uris, release, spec
from provisioning.image.mirrors import FORMAT
from provisioning.image.recipe import Arch
from provisioning.image.steps import Step, follow

_NO_LINE = re.compile(
    r"Some index files failed|Could not resolve|Temporary failure|Could not connect|Failed to fetch|"
    r"Connection (failed|timed out|refused)"
)


def machine_targets() -> str:
    """What this machine's own apt fetches its package lists from, in the form of ``mirrors.FORMAT``; "" without an apt."""
    try:
        return run(["apt-get", "indextargets", "--format", FORMAT, "Created-By: Packages"]).stdout
    except (CommandFailed, MissingComponent):
        return ""


class Apt:
    """One architecture's package lists and fetched packages below ``folder``."""

    def __init__(self, folder: Path, kind: Arch, sources: str) -> None:
        self.folder, self.kind = folder, kind
        if not Path(recipe.KEYRING).exists():
            raise MissingComponent("Debian's keys are not here", where=recipe.KEYRING, mend="install debian-archive-keyring")
        for name in ("lists/partial", "archives/partial", "etc/preferences.d"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        write_atomically(folder / "status", "")
        write_atomically(folder / "sources.list", sources)

    def _options(self) -> list[str]:
        here = self.folder
        settings = {
            "APT::Architecture": self.kind.name, "APT::Architectures": self.kind.name, "APT::Install-Recommends": "false",
            "APT::Sandbox::User": "root", "pkgCacheGen::ForceEssential": ",",
            "Acquire::Languages": "none", "Acquire::Retries": "3", "Dir::Etc": f"{here}/etc",
            "Dir::Etc::main": "/dev/null", "Dir::Etc::parts": f"{here}/etc/none", "Dir::Etc::sourcelist": f"{here}/sources.list",
            "Dir::Etc::sourceparts": f"{here}/etc/none", "Dir::State": f"{here}", "Dir::State::lists": f"{here}/lists",
            "Dir::State::status": f"{here}/status", "Dir::Cache": f"{here}", "Dir::Cache::archives": f"{here}/archives",
            "Dir::Log": f"{here}", "APT::Update::Error-Mode": "any",
        }  # fmt: skip
        return [part for name, value in settings.items() for part in ("-o", f"{name}={value}")]

    def update(self, step: Step) -> None:
        """Fetch the signed package lists. Raises Unreachable when the line is cut, NotSo when a signature is wrong."""
        self._follow(["apt-get", *self._options(), "-q", "update"], step)

    def choose(self, packages: Sequence[str]) -> tuple[Archive, ...]:
        """What apt would install onto nothing: Debian's essential packages, ``packages``, and what they need."""
        asked = ["-qq", "--print-uris", "install", "?essential", *packages]
        files = parse_uris(self._ask(["apt-get", "-o", f"Dir::Cache::archives={self.folder}/none", *asked]))
        chosen = parse_archives(self._ask(["apt-cache", "show", *map(spec, files)]), files)
        if unwanted := recipe.NEVER & {one.name for one in chosen}:
            raise NotSo(f"a package would bring in {', '.join(sorted(unwanted))}", mend="look at the recipe's packages")
        return chosen

    def _ask(self, argv: Sequence[str]) -> str:
        try:
            return run([argv[0], *self._options(), *argv[1:]], env=_environment()).stdout
        except CommandFailed as error:
            mend = "build once with a line; if there was one, its package lists are broken: remove the cache"
            raise NotSo(error.what, where=argv[0], mend=mend) from error

    def missing(self, chosen: Sequence[Archive]) -> int:
        """Bytes still to be fetched."""
        return sum(one.size for one in chosen if not self._whole(one))

    def _whole(self, one: Archive) -> bool:
        path = self.folder / "archives" / one.file
        return path.exists() and path.stat().st_size == one.size

    def fetch(self, chosen: Sequence[Archive], packages: Sequence[str], step: Step) -> None:
        """Fetch what is not here yet; interrupted, the next time goes on where it stopped. Raises Unreachable."""
        of, fetched = len(chosen), sum(map(self._whole, chosen))
        if fetched == of:
            return

        def heard(line: str) -> None:
            nonlocal fetched
            if line.startswith("Get:"):
                fetched += 1
                step.at(fetched, of, line.split(" ")[4] if line.count(" ") > 4 else "")

        argv = ["apt-get", *self._options(), "-q", "-y", "--download-only", "install", "?essential", *packages]
        self._follow(argv, step, heard)
        if not all(map(self._whole, chosen)):
            raise NotSo("apt fetched other packages than it named", mend="start again: package lists changed meanwhile")

    def forget_others(self, chosen: Sequence[Archive]) -> None:
        """Remove packages that newer ones replaced."""
        kept = {one.file for one in chosen}
        for path in (self.folder / "archives").glob("*.deb"):
            if path.name not in kept:
                path.unlink()

    def archive(self, chosen: Sequence[Archive]) -> Path:
        """The fetched packages as a small archive that mmdebstrap can be pointed at, with no line at all."""
        index = packages_index(chosen, "./archives")
        write_atomically(self.folder / "Packages", index)
        write_atomically(self.folder / "Release", release(index, recipe.SUITE, self.kind.name))
        return self.folder

    def date(self, chosen: Sequence[Archive]) -> int:
        """When the newest of the packages was made (seconds since 1970): the image's own date.

        Never before the program's own floor: a box that no time server answers starts at this date, and would trust no older one.
        """
        return max(BUILT, newest(_head(self.folder / "archives" / one.file) for one in chosen))

    def _follow(self, argv: Sequence[str], step: Step, heard: object = None) -> None:
        try:
            follow(argv, heard if callable(heard) else step.say, env=_environment())
        except CommandFailed as error:
            if _NO_LINE.search(error.what):
                mend = "is there a line? start again: what was fetched is kept"
                raise Unreachable(f"Debian's packages cannot be fetched ({error.what[:120]})", mend=mend) from error
            raise NotSo(error.what, where="apt-get", mend="mend that and start again: what was fetched is kept") from error


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(68)


def _environment() -> dict[str, str]:
    passed = {name: value for name, value in os.environ.items() if name.lower().endswith("_proxy") or name == "PATH"}
    return {**passed, "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"}
