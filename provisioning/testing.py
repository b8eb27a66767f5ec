"""W ``campbox test``: the tests by kind, and what this machine cannot run."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import IO

import click

from appliance.errors import BadInput, MissingComponent, NotSo
from appliance.run import PARTS, run, spawn
from provisioning import lanes, modes, second_look
from provisioning.lab import apart, fresh, open_clone, pace
from provisioning.lab.kinds_of_tests import KINDS

PROJECT = Path(__file__).resolve().parent.parent
_REAL = ("tests/real", "tests/browser")
LANES: dict[str, tuple[str, ...]] = {
    "places": _REAL, "fast": (), "loopback": ("tests/real",), "front": _REAL, "camp": _REAL, "machines": ("tests/real",),
}  # fmt: skip
"""What runs side by side, and the folders to look in: what makes places of its own out of namespaces, the fast tests, what needs
loopback alone, the web front, what looks at the demo's camp, and emulated machines. The first is seen at once."""
HALVES = {"camp": 2}
"""Lanes that wait more than they compute: in how many shares they go side by side. Not places: the kernel makes and takes away
namespaces one after the other, whoever asks."""
LINT = ("tests/test_lint.py", "tests/test_conftest.py", "tests/real/test_await_ready.py")
"""mypy and ruff, whatever starts a pytest of its own, and what mostly waits: in a process beside the shares of the fast tests."""
FLAKES = PROJECT / "tests/flakes.toml"  # which tests needed a second look, and when: counted in every run, so committed
LEFT_OUT = ("PYTEST_ADDOPTS", "PYTEST_PLUGINS", "PYTHONOPTIMIZE", "PYTHONDONTWRITEBYTECODE")
"""Variables that a shell may hold for something else: they would leave tests out, or the assertions of their helpers, or have every
process of a run compile everything anew."""


_NAMES = (*KINDS, "all", "fresh", "mutation")


class _KindOrPath(click.ParamType[str]):
    """A kind, or a path of this project after ``mutation``."""

    name = "|".join(_NAMES)

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The word as it is; fails for one that is neither."""
        if value not in _NAMES and not (PROJECT / value).exists():
            self.fail(f"{value!r} is neither a kind ({', '.join(_NAMES)}) nor a path of this project.", param, ctx)
        return value


@click.command(epilog="Example: campbox test fast net --only gate")
@click.argument("kinds", nargs=-1, type=_KindOrPath())
@click.option("--only", metavar="EXPRESSION", help="Only tests whose names match, as pytest -k.")
@click.option("--random", is_flag=True, help="Property tests try examples that nobody tried before: a weekly habit, by hand.")
@click.option("--verbose", is_flag=True, help="One line a test.")
@click.option("--docs", is_flag=True, help="With mutation: renew docs/benchmarks/mutation.md.")
@click.option("--seed", metavar="TEXT", help="With mutation: another text, another sample.")
def test(kinds: tuple[str, ...], only: str | None, random: bool, verbose: bool, docs: bool, seed: str | None) -> None:
    """Run the tests of some KINDS; without any, all that this machine can run.

    Without a kind, of the images only the PC's is started; "image" starts the Pi's too. With "all" also the first start on a bare
    Debian, which takes minutes more and large downloads. "fresh", alone, makes a bare Debian, clones this into it and runs both
    commands of the README there. "mutation", with paths after it or none, changes one line of decisive code at a time and
    sees whether a test fails (tests/mutation); it takes some twenty minutes.
    """
    if kinds[:1] == ("mutation",):
        _mutation(kinds[1:], docs=docs, seed=seed)
        return
    if "mutation" in kinds or not set(kinds) <= set(_NAMES):
        raise BadInput("paths go with mutation alone, which comes first", where="KINDS", mend="campbox test --help names the kinds")
    if "fresh" in kinds:
        if len(kinds) > 1:
            raise BadInput("fresh is a run of its own", where="KINDS", mend="name it alone")
        fresh.try_all(fresh.commands(only))
        return
    if os.geteuid() == 0 and set(kinds) != {"fast"} and not open_clone.is_open(PROJECT):
        sys.exit(spawn(open_clone.reopened(PROJECT, sys.argv[1:]), cwd=PROJECT).wait())
    environment = _environment(everything="all" in kinds, images={"image", "all"} & set(kinds) != set(), random=random)
    modes.read(environment)
    asked = list(KINDS) if not kinds or "all" in kinds else list(dict.fromkeys(kinds))
    lacking = {name: reason for name in asked if (reason := KINDS[name].lacks()) is not None}
    if lacking and kinds and "all" not in kinds:
        name, reason = next(iter(lacking.items()))
        raise MissingComponent(f"cannot run the {name} tests: {reason}", mend="run ./campbox test as root, or leave them out")
    chosen = [name for name in asked if name not in lacking]
    for name in asked:
        click.echo(f"{name:8} {KINDS[name].what}" if name in chosen else f"{name:8} not run: {lacking[name]}")
    click.echo(f"campbox test: {pace.line()}")
    verdict = _pytest(chosen, only, verbose, environment)
    if verdict.status == lanes.NO_TESTS and only:
        raise NotSo(
            f"no test of the kind {', '.join(chosen)} has a name that fits {only!r}", mend="campbox test --verbose names them"
        )
    _finish(verdict, chosen, lacking, chosen_by_name=only is not None)


def _mutation(paths: tuple[str, ...], *, docs: bool, seed: str | None) -> None:
    """In a process of its own, which forks. Raises NotSo when too few mutants were killed."""
    argv = [sys.executable, "-m", "tests.mutation", *paths, *(["--docs"] if docs else []), *(["--seed", seed] if seed else [])]
    environment = {**_environment(everything=False, images=False, random=False), "PYTHONPATH": str(PROJECT)}
    if spawn(argv, cwd=PROJECT, env=environment).wait() != 0:
        raise NotSo("too few mutants were killed, or a survivor has no reason", mend="read the lines above")


def _environment(everything: bool, images: bool, random: bool) -> dict[str, str]:
    asked = {"CAMPBOX_TEST_ALL": everything, "CAMPBOX_TEST_IMAGE": images, modes.RANDOM: random}
    chosen = {name: "1" for name, wanted in asked.items() if wanted}
    if PROJECT.stat().st_uid != os.geteuid():
        # root testing through sudo: the clone of an ordinary user must stay the user's.
        chosen["PYTHONDONTWRITEBYTECODE"] = "1"
    kept = {name: value for name, value in os.environ.items() if name not in LEFT_OUT}
    return {**kept, "PATH": _path(), **pace.told(), **chosen}


def _pytest(kinds: list[str], only: str | None, verbose: bool, environment: dict[str, str]) -> lanes.Verdict:
    """Run them, in lanes where that is quicker."""
    expression = " or ".join(f"({KINDS[name].expression})" for name in kinds)
    # No cache folder: see _environment.
    argv = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-m", expression, "--color", "yes" if _colour() else "no"]
    argv += ["-k", only] if only else []
    argv += ["--verbose"] if verbose else ["--quiet"]
    sys.stdout.flush()
    with tempfile.TemporaryDirectory(prefix="campbox-test-") as folder:
        if only is None and "net" in kinds and len(kinds) > 1:
            return _side_by_side(argv, environment, Path(folder))
        if only is None and kinds == ["fast"]:
            return lanes.verdict(_all_at_once(_fast(argv), environment, Path(folder)))
        return lanes.verdict([_started("the run", argv, environment, Path(folder)).ended()])


@dataclass(frozen=True)
class _Running:
    """A pytest at work, and the file in which it notes what it collected and ran."""

    name: str
    pytest: subprocess.Popen[bytes]
    notes: Path

    def ended(self) -> lanes.Lane:
        """Wait for it. Ctrl-C is pytest's too: it cleans up, which is waited for."""
        try:
            status = self.pytest.wait()
        except KeyboardInterrupt:
            self.pytest.wait()
            status = lanes.INTERRUPTED
        said = lanes.read(self.notes.read_text("utf-8")) if self.notes.exists() else lanes.Said()
        return lanes.Lane(self.name, status, said)


def _started(name: str, argv: list[str], environment: dict[str, str], folder: Path, to: IO[bytes] | None = None) -> _Running:
    notes = folder / name.replace(" ", "-")
    noting = {**environment, "CAMPBOX_NOTED": str(notes)}
    return _Running(name, spawn(argv, cwd=PROJECT, env=noting, stdout=to, stderr=to), notes)


def _all_at_once(pytests: Mapping[str, list[str]], environment: dict[str, str], folder: Path) -> list[lanes.Lane]:
    """These command lines, by the names of their lanes. The first is seen while it runs; what the later ones say comes after."""
    with ExitStack() as stack:
        said = [None, *(stack.enter_context(tempfile.TemporaryFile()) for _ in range(1, len(pytests)))]
        running = [_started(name, argv, environment, folder, to) for (name, argv), to in zip(pytests.items(), said, strict=True)]
        ended = []
        for lane, to in zip(running, said, strict=True):
            ended.append(lane.ended())
            if to is not None:
                click.echo(f"\n{lane.name}:")
                to.seek(0)
                shutil.copyfileobj(to, sys.stdout.buffer)
                sys.stdout.flush()
        return ended


def _fast(argv: list[str]) -> dict[str, list[str]]:
    """The fast tests: a share of them for each processor, mypy and ruff beside (docs/adr/0182)."""
    return {**_shares("fast", [*argv, *(f"--ignore={file}" for file in LINT)], apart.processors()), "lint": [*argv, *LINT]}


def _shares(name: str, argv: list[str], number: int) -> dict[str, list[str]]:
    if number == 1:
        return {name: argv}
    return {f"{name} {n} of {number}": [*argv, "--share", f"{n}/{number}"] for n in range(1, number + 1)}


def _side_by_side(argv: list[str], environment: dict[str, str], folder: Path) -> lanes.Verdict:
    """All lanes at once, each as on a machine of its own: they wait more than they compute."""
    seen = _seen()
    with apart.room():
        pytests = {lane: [*argv, "--lane", lane, *folders] for lane, folders in LANES.items()}
        # First, and on every processor: beside the others they would take the time that real servers and machines need to answer.
        first = _fast(pytests.pop("fast"))
        then = [_shares(f"lane {lane}", pytest, HALVES.get(lane, 1)) for lane, pytest in pytests.items()]
        ended = list[lanes.Lane]()
        for together in (first, {name: pytest for shares in then for name, pytest in shares.items()}):
            share = {**environment, **pace.shared(len(together), apart.processors())}
            ended += _all_at_once({name: apart.apart(pytest) for name, pytest in together.items()}, share, folder)
        failed = second_look.again(ended)
        if spent := second_look.spent(failed, seen):
            why = f"no second look is left for {' '.join(spent)}: seen {second_look.SPENT} times (tests/flakes.toml), mend the race"
            return lanes.Verdict(lanes.FAILED, f"some tests failed; {why}")
        if not failed:
            return lanes.verdict(ended)
        click.echo(f"campbox test: failed beside the other lanes, looked at once more alone: {' '.join(failed)}")
        alone = _started("the second look", apart.apart([*argv, *failed]), environment, folder).ended()
    verdict = replace(lanes.second_verdict(failed, alone), passed=lanes.passed_of([*ended, alone]))
    if verdict.second:
        _sighted(verdict.second)
    return verdict


def _seen() -> Mapping[str, int]:
    """How often which test needed a second look. Raises NotSo when the table cannot be read: nothing would be counted."""
    try:
        return second_look.sightings(FLAKES.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise NotSo(f"{FLAKES} cannot be read: {error}", mend="git checkout tests/flakes.toml") from error


def _commit() -> str:
    """What is tested. root, through sudo, asks about a clone that is another's."""
    try:
        return run(["git", "-c", "safe.directory=*", "-C", str(PROJECT), "rev-parse", "--short=12", "HEAD"]).stdout.strip()
    except (MissingComponent, NotSo):
        return "unknown"


def _sighted(tests: tuple[str, ...]) -> None:
    """Count what passed on a second look alone: in the table that is committed, or where CI says, whose clone nobody keeps."""
    lines = "".join(second_look.sighting(test, date.today(), _commit()) for test in tests)
    table = Path(os.environ.get("CAMPBOX_SIGHTINGS") or FLAKES)
    with table.open("a", encoding="utf-8") as file:
        file.write(lines)
    click.echo(f"campbox test: passed alone, which is noted in {table}; commit it with tests/flakes.toml:{lines.rstrip()}")


def _colour() -> bool:
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ


def _path() -> str:
    places = [str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"]
    return os.pathsep.join([*places, f"{PARTS}/usr/sbin", f"{PARTS}/usr/bin", f"{PARTS}/sbin"])


def _finish(verdict: lanes.Verdict, chosen: list[str], lacking: dict[str, str], *, chosen_by_name: bool = False) -> None:
    """The last line. Raises NotSo when a test failed, or when that cannot be known."""
    left_out = "".join(f"; {name} not run: {reason}" for name, reason in lacking.items())
    if verdict.status == lanes.FAILED:
        raise NotSo(verdict.why + left_out, mend="read the lines above")
    if why := lanes.unseen(verdict, chosen, chosen_by_name=chosen_by_name):
        raise NotSo(why + left_out, mend="read above why they were skipped")
    second = f", {len(verdict.second)} only on a second look: {' '.join(verdict.second)}" if verdict.second else ""
    click.echo(f"campbox test: all passed{second} ({' '.join(chosen)}){left_out}")
