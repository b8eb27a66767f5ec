"""W ``campbox test``: the tests by kind, and what this machine cannot run."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import click

from appliance.errors import MissingComponent, NotSo
from appliance.run import PARTS, find_program, run, spawn
from provisioning import second_look
from provisioning.lab import apart, qemu

PROJECT = Path(__file__).resolve().parent.parent
LANES: dict[str, tuple[str, ...]] = {"places": (), "camp": ("tests/real", "tests/browser"), "machines": ("tests/real",)}
"""What runs side by side (tests/conftest.py says which test is in which), and the folders to look in. The first is seen at once."""
_NO_TESTS = 5  # pytest's exit status when none were found
_FAILED, _INTERRUPTED = 1, 2


@dataclass(frozen=True)
class Kind:
    """One kind of tests: what it is, its pytest marker expression, and why this machine cannot run it (None: it can)."""

    what: str
    expression: str
    lacks: Callable[[], str | None]


def _nothing() -> str | None:
    return None


def _namespaces() -> str | None:
    if os.geteuid() != 0:
        return "it needs root, for network namespaces"
    if run(["unshare", "--net", "true"], check=False).returncode != 0:
        return "this machine's kernel lets nobody make network namespaces"
    return None


def _programs(*names: str) -> str | None:
    for name in names:
        try:
            find_program(name)
        except MissingComponent:
            return f"the program {name} is not here"
    return None


def _browser() -> str | None:
    headless = _programs("chromium") and _programs("chromium-headless-shell")
    return _namespaces() or headless or _programs("chromedriver")


def _machine() -> str | None:
    return _namespaces() or _programs("qemu-system-x86_64", "modprobe", "busybox")


def _image() -> str | None:
    foreign = "qemu-x86_64-static" if platform.machine() == "aarch64" else "qemu-aarch64-static"
    building = _programs("mmdebstrap", "sfdisk", "sqfstar", "mke2fs", "mcopy", "zstd", foreign)
    booting = _programs(*(kind.program for kind in qemu.KINDS.values()), "chronyd")
    files = [file for kind in qemu.KINDS.values() for file in (kind.firmware, kind.variables) if file is not None]
    firmware = next((f"the firmware {file} is not here" for file in files if not file.exists()), None)
    return _namespaces() or building or booting or firmware


KINDS = {
    "fast": Kind("pure rules, golden texts, mypy and ruff", "not (net or browser or vm or image)", _nothing),
    "net": Kind("real servers in network namespaces", "net and not vm", _namespaces),
    "browser": Kind("Chromium on the real pages", "browser", _browser),
    "vm": Kind("Debian's kernel under QEMU", "vm", _machine),
    "image": Kind("the built images, booted", "image", _image),
}


@click.command(epilog="Example: campbox test fast net --only gate")
@click.argument("kinds", nargs=-1, type=click.Choice([*KINDS, "all"]))
@click.option("--only", metavar="EXPRESSION", help="Only tests whose names match, as pytest -k.")
@click.option("--verbose", is_flag=True, help="One line a test.")
def test(kinds: tuple[str, ...], only: str | None, verbose: bool) -> None:
    """Run the tests of some KINDS; without any, all that this machine can run.

    Without a kind, of the images only the PC's is started; "image" starts the Pi's too. With "all" also the first start on a bare
    Debian, which takes minutes more and large downloads.
    """
    asked = list(KINDS) if not kinds or "all" in kinds else list(dict.fromkeys(kinds))
    lacking = {name: reason for name in asked if (reason := KINDS[name].lacks()) is not None}
    if lacking and kinds and "all" not in kinds:
        name, reason = next(iter(lacking.items()))
        raise MissingComponent(f"cannot run the {name} tests: {reason}", mend="run ./campbox test as root, or leave them out")
    chosen = [name for name in asked if name not in lacking]
    for name in asked:
        click.echo(f"{name:8} {KINDS[name].what}" if name in chosen else f"{name:8} not run: {lacking[name]}")
    status = _verdict(_pytest(chosen, only, verbose, everything="all" in kinds, images={"image", "all"} & set(kinds) != set()))
    if status == _NO_TESTS and only:
        raise NotSo(
            f"no test of the kind {', '.join(chosen)} has a name that fits {only!r}", mend="campbox test --verbose names them"
        )
    _finish(status, chosen, lacking)


def _pytest(kinds: list[str], only: str | None, verbose: bool, everything: bool, images: bool) -> list[int]:
    """Run them, in lanes where that is quicker; pytest's status of each."""
    expression = " or ".join(f"({KINDS[name].expression})" for name in kinds)
    # No cache folder: a clone of an ordinary user is tested by root, through sudo, and must stay the user's.
    argv = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-m", expression, "--color", "yes" if _colour() else "no"]
    argv += ["-k", only] if only else []
    argv += ["--verbose"] if verbose else ["--quiet"]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PATH": _path()}
    if everything:
        environment["CAMPBOX_TEST_ALL"] = "1"
    if images:
        environment["CAMPBOX_TEST_IMAGE"] = "1"
    sys.stdout.flush()
    side_by_side = only is None and "net" in kinds and len(kinds) > 1
    try:
        return _lanes(argv, environment) if side_by_side else [spawn(argv, cwd=PROJECT, env=environment).wait()]
    except KeyboardInterrupt:
        return [_INTERRUPTED]


def _lanes(argv: list[str], environment: dict[str, str]) -> list[int]:
    """All lanes at once, each as on a machine of its own: they wait more than they compute. What the later ones say comes after."""
    with apart.room(), ExitStack() as stack:
        noted = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "failed"
        environment = {**environment, "CAMPBOX_FAILED": str(noted)}
        said = [None, *(stack.enter_context(tempfile.TemporaryFile()) for _ in range(1, len(LANES)))]
        running = [
            spawn(apart.apart([*argv, "--lane", lane, *folders]), cwd=PROJECT, env=environment, stdout=to, stderr=to)
            for (lane, folders), to in zip(LANES.items(), said, strict=True)
        ]
        statuses = []
        for pytest, to in zip(running, said, strict=True):
            statuses.append(_wait(pytest))
            if to is not None:
                to.seek(0)
                shutil.copyfileobj(to, sys.stdout.buffer)
                sys.stdout.flush()
        failed = second_look.again(noted.read_text()) if noted.exists() and _verdict(statuses) == _FAILED else ()
        return [_alone(argv, environment, failed)] if failed else statuses


def _alone(argv: list[str], environment: dict[str, str], failed: tuple[str, ...]) -> int:
    """Those tests once more, with the machine to themselves; pytest's status."""
    click.echo(f"campbox test: failed beside the other lanes, looked at once more alone: {' '.join(failed)}")
    status = _wait(spawn(apart.apart([*argv, *failed]), cwd=PROJECT, env=environment))
    if status == 0:
        click.echo(f"campbox test: passed alone, so the failure beside others is taken for the machine's: {' '.join(failed)}")
    return status


def _wait(pytest: subprocess.Popen[bytes]) -> int:
    """Its status. Ctrl-C is pytest's too: it cleans up, which is waited for."""
    try:
        return pytest.wait()
    except KeyboardInterrupt:
        pytest.wait()
        return _INTERRUPTED


def _colour() -> bool:
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ


def _path() -> str:
    places = [str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"]
    return os.pathsep.join([*places, f"{PARTS}/usr/sbin", f"{PARTS}/usr/bin", f"{PARTS}/sbin"])


def _verdict(statuses: list[int]) -> int:
    """One status for all: a lane in which nothing of these kinds runs says nothing against the others."""
    told = [status for status in statuses if status != _NO_TESTS]
    return max(told, key=lambda status: (status == _INTERRUPTED, status != 0), default=_NO_TESTS)


def _finish(status: int, chosen: list[str], lacking: dict[str, str]) -> None:
    """The last line. Raises NotSo when a test failed."""
    left_out = "".join(f"; {name} not run: {reason}" for name, reason in lacking.items())
    if status == _NO_TESTS:
        click.echo(f"campbox test: there are no tests of the kind {', '.join(chosen)} yet{left_out}")
        return
    if status == _INTERRUPTED:
        raise NotSo("the tests were interrupted or could not be collected" + left_out, mend="read the lines above")
    if status != 0:
        raise NotSo("some tests failed" + left_out, mend="read the lines above")
    click.echo(f"campbox test: all passed ({' '.join(chosen)}){left_out}")
