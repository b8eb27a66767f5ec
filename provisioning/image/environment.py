"""E The project's environment for the image, made from outside: wheels for the image's Python, then the project's own copy."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from appliance.errors import CommandFailed, NotSo, Unreachable
from appliance.run import run
from provisioning.image import recipe
from provisioning.image.libraries import PACKAGES, Pinned, box_setup, parse_lock, project_files, wanted
from provisioning.image.recipe import Arch
from provisioning.image.steps import Step, follow

PROJECT = Path(__file__).resolve().parents[2]
_AT_ONCE = 8
"""Wheels fetched by one run of pip: what it fetched before the line was cut is kept."""
_PAPERS = ("pyproject.toml", "README.md", "LICENSE")
"""What goes into the project's own package beside its modules."""
_PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input")


def locked(project: Path = PROJECT) -> tuple[Pinned, ...]:
    """The libraries of a box. Raises NotSo when a lock file cannot be read."""
    try:
        return wanted(*(parse_lock((project / f"requirements/{name}.lock").read_text("utf-8"), name) for name in ("base", "box")))
    except OSError as error:
        raise NotSo(f"cannot read it: {error.strerror}", where=str(error.filename), mend="is this the whole project?") from error


def fetch_wheels(kind: Arch, pinned: Sequence[Pinned], folder: Path, step: Step) -> dict[str, Path]:
    """Name -> wheel for every library, each with a locked hash; only what is not in ``folder`` is fetched. Raises Unreachable."""
    folder.mkdir(parents=True, exist_ok=True)
    there = _there(folder, pinned)
    missing = [one for one in pinned if one.name not in there]
    for start in range(0, len(missing), _AT_ONCE):
        step.at(len(pinned) - len(missing) + start, len(pinned), missing[start].name)
        _download(kind, missing[start : start + _AT_ONCE], folder, step)
    there = _there(folder, pinned)
    if lost := [one.name for one in pinned if one.name not in there]:
        raise NotSo(f"pip fetched another file than the locked {lost[0]}", where=str(folder), mend="remove the folder, start again")
    return there


def _there(folder: Path, pinned: Sequence[Pinned]) -> dict[str, Path]:
    names = {digest: one.name for one in pinned for digest in one.hashes}
    found = {}
    for path in sorted(folder.glob("*.whl")):
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        if digest in names:
            found[names[digest]] = path
    return found


def _download(kind: Arch, pinned: Sequence[Pinned], folder: Path, step: Step) -> None:
    asked = folder / "asked.txt"
    asked.write_text("".join(one.text for one in pinned))
    argv = [*_PIP, "download", "--no-deps", "--require-hashes", "--progress-bar", "off", *_choice(kind)]
    argv += ["-r", str(asked), "-d", str(folder)]
    try:
        follow(argv, step.say)
    except CommandFailed as error:
        mend = "is there a line? start again: what was fetched is kept"
        raise Unreachable(f"the project's libraries cannot be fetched ({error.what[:160]})", mend=mend) from error
    finally:
        asked.unlink(missing_ok=True)


def sources(project: Path = PROJECT) -> tuple[str, ...]:
    """The project's files that a box carries, relative to it."""
    return project_files(str(path.relative_to(project)) for name in PACKAGES for path in _files(project / name))


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())


def source_digest(pinned: Iterable[Pinned], project: Path = PROJECT) -> str:
    """SHA-256 over everything the project's layer is made from: a changed byte makes another layer."""
    parts = [
        [name, hashlib.sha256((project / name).read_bytes()).hexdigest(), bool((project / name).stat().st_mode & 0o100)]
        for name in (*sources(project), *_PAPERS)
    ]
    return recipe.digest([parts, box_setup((project / "setup.cfg").read_text("utf-8")), [one.text for one in pinned]])


def build_environment(kind: Arch, wheels: Iterable[Path], project: Path, to: Path, work: Path, step: Step) -> bool:
    """Make ``/opt/campbox`` below ``to``: an environment of the image's own Python with every library and the staged ``project``.

    Returns whether it is compiled: only the same Python as the image's can do that, another leaves it to each start.
    """
    home, code = to / recipe.HOME.lstrip("/"), to / recipe.CODE.lstrip("/")
    code.mkdir(parents=True)
    step.say("libraries")
    _install(code, [*_choice(kind), *map(str, wheels)], work)
    step.say("the project itself")
    _install(code, ["--no-build-isolation", str(project)], work)
    if lost := [name for name in sources(project) if not (code / name).exists()]:
        raise NotSo(f"{lost[0]} was not installed", where="setup.cfg", mend="name its ending under [options.package_data]")
    for folder in ("bin", "share"):  # scripts that begin with this machine's Python; manual pages
        shutil.rmtree(code / folder, ignore_errors=True)
    for record in code.glob("*.dist-info"):
        for name in ("RECORD", "direct_url.json", "REQUESTED", "INSTALLER"):
            (record / name).unlink(missing_ok=True)
    _programs(home)
    step.say("compiling")
    return _compile(code, to)


def compiles() -> bool:
    """Is this machine's Python the image's?"""
    return f"{sys.version_info[0]}.{sys.version_info[1]}" == recipe.PYTHON


def _choice(kind: Arch) -> list[str]:
    """What pip may choose: wheels for the image's Python and processor."""
    platforms = [part for name in recipe.wheel_platforms(kind) for part in ("--platform", name)]
    abis = [part for name in (f"cp{recipe.PYTHON.replace('.', '')}", "abi3", "none") for part in ("--abi", name)]
    return ["--only-binary", ":all:", "--implementation", "cp", "--python-version", recipe.PYTHON, *abis, *platforms]


def _install(code: Path, what: Sequence[str], work: Path) -> None:
    argv = [*_PIP, "install", "--quiet", "--no-index", "--no-deps", "--no-compile", "--target", str(code), "--upgrade", *what]
    environment = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(work), "TMPDIR": str(work), "LANG": "C.UTF-8"}
    run(argv, timeout=600, env={**environment, "PIP_CONFIG_FILE": os.devnull, "SOURCE_DATE_EPOCH": "315532800"})


def stage(to: Path, project: Path) -> Path:
    """A copy of what a box carries: building in the clone would leave files there."""
    for name in sources(project):
        (to / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(project / name, to / name)  # with its mode: dnsmasq runs one of them
    for name in _PAPERS:
        shutil.copyfile(project / name, to / name)
    (to / "setup.cfg").write_text(box_setup((project / "setup.cfg").read_text("utf-8")))
    return to


def _programs(home: Path) -> None:
    """A virtual environment by hand (PEP 405): a link to the image's Python, and the file beside it that says so."""
    programs = home / "bin"
    programs.mkdir()
    for name in ("python", "python3", f"python{recipe.PYTHON}"):
        (programs / name).symlink_to(f"/usr/bin/python{recipe.PYTHON}")
    (home / "pyvenv.cfg").write_text("home = /usr/bin\ninclude-system-site-packages = false\n")
    script = programs / "campbox"
    script.write_text(f"#!{recipe.HOME}/bin/python\nfrom appliance.cli import main\n\nmain()\n")
    script.chmod(0o755)


def _compile(code: Path, to: Path) -> bool:
    """Compiled files that are never checked against their source (PEP 552): nothing changes in an image, no date is in them."""
    if not compiles():
        return False
    options = ["-m", "compileall", "-q", "-j", "0", "--invalidation-mode", "unchecked-hash", "-s", str(to), "-p", "/", str(code)]
    run([sys.executable, *options], timeout=600)
    return True
