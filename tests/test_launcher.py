"""P The launcher's table and the lock files: nothing unpinned, nothing forgotten, nothing said in more than one line."""

from __future__ import annotations

import ast
import configparser
import importlib.machinery
import importlib.util
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace

import click
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from appliance.cli import campbox
from appliance.services import SERVICES
from provisioning.lab.kinds_of_tests import KINDS

PROJECT = Path(__file__).resolve().parent.parent
LOCKS = sorted((PROJECT / "requirements").glob("*.lock"))
PINNED = re.compile(r"(?m)^([a-z0-9][a-z0-9._-]*)==([^ \\\n]+)")
EXTRAS = ("box", "hub", "office", "test")


def _load() -> ModuleType:
    sys.dont_write_bytecode, before = True, sys.dont_write_bytecode
    loader = importlib.machinery.SourceFileLoader("launcher", str(PROJECT / "campbox"))
    spec = importlib.util.spec_from_loader("launcher", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    sys.dont_write_bytecode = before
    return module


launcher = _load()
PROGRAMS: dict[str, str] = {name: package for programs, _, _ in launcher.COMMANDS.values() for name, package in programs.items()}


# --- lock files


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.stem)
def test_every_locked_library_has_one_version_and_hashes(lock: Path) -> None:
    text = lock.read_text()
    entries = re.split(r"(?m)^(?=[a-z0-9])", text)[1:]
    assert len(entries) == len(PINNED.findall(text)) > 0
    for entry in entries:
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", entry), entry.splitlines()[0]
    assert int(re.findall(r"(\d+) libraries", text)[0]) == len(entries)


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.stem)
def test_no_lock_file_says_where_to_fetch_from(lock: Path) -> None:
    assert not re.search(r"(?m)://|^--(?!hash)|^-[a-z]", lock.read_text())


def test_the_launcher_names_no_host() -> None:
    assert "://" not in (PROJECT / "campbox").read_text()


def test_a_library_has_the_same_version_in_every_lock_file() -> None:
    versions: dict[str, set[str]] = {}
    for lock in LOCKS:
        for name, version in PINNED.findall(lock.read_text()):
            versions.setdefault(name, set()).add(version)
    assert {name: found for name, found in versions.items() if len(found) > 1} == {}


@pytest.mark.parametrize("extra", ["base", *EXTRAS])
def test_everything_setup_cfg_asks_for_is_locked(extra: str) -> None:
    setup = configparser.ConfigParser()
    setup.read(PROJECT / "setup.cfg")
    wanted = setup["options"]["install_requires"].split("\n")
    wanted += ["setuptools", "wheel"] if extra == "base" else setup["options.extras_require"][extra].split("\n")
    locked = dict(PINNED.findall((PROJECT / f"requirements/{extra}.lock").read_text()))
    for line in filter(None, wanted):
        requirement = Requirement(line)
        version = locked.get(canonicalize_name(requirement.name))
        assert version is not None, f"{requirement.name} is not in {extra}.lock: requirements/renew --keep"
        assert requirement.specifier.contains(version)


# --- the table


def test_every_program_of_the_service_table_can_be_installed() -> None:
    ours = {service.command[0] for service in SERVICES} - {"{python}"}
    assert ours <= set(PROGRAMS)


SYSTEMD = {"systemctl", "systemd-sysusers", "systemd-tmpfiles"}
"""Only on a machine that runs systemd, which has them."""
BASE = {
    "dd",
    "chroot",
    "git",
    "tar",
    "sh",
    "env",
    "true",
    "mount",
    "umount",
    "unshare",
    "cp",
    "dpkg",
    "apt-get",
    "apt-cache",
    "uname",
    "sleep",
}
"""In every Debian."""


def _programs_run() -> Iterator[tuple[str, str]]:
    """Every program name written in the sources where it is run."""
    for package in ("appliance", "captive_portal", "content_cache", "telemetry", "provisioning"):
        for path in sorted((PROJECT / package).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Assign) and isinstance(node.value, ast.List) and node.value.elts:
                    named = [target.id for target in node.targets if isinstance(target, ast.Name)]
                    start = node.value.elts[0]
                    if set(named) & {"argv", "command"} and isinstance(start, ast.Constant):
                        yield str(start.value), str(path.relative_to(PROJECT))
                if not isinstance(node, ast.Call) or not node.args:
                    continue
                name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
                first = node.args[0]
                if name in ("run", "spawn") and isinstance(first, ast.List) and first.elts:
                    first = first.elts[0]
                if name in ("run", "spawn", "find_program") and isinstance(first, ast.Constant) and isinstance(first.value, str):
                    yield first.value, str(path.relative_to(PROJECT))


def test_every_program_that_is_run_can_be_installed() -> None:
    known = BASE | SYSTEMD | {name for names in PROGRAMS for name in names.split("|")} | {"tc", "bridge", "ss"}  # of iproute2
    known |= {"zpool"}  # asked only where there is one
    strangers = {f"{program} in {where}" for program, where in _programs_run() if program not in known and "/" not in program}
    assert strangers == set()


def test_what_an_unpacked_package_needs_beside_it_is_unpacked_too() -> None:
    for package, others in launcher.BESIDE.items():
        assert {package, *others} <= launcher.UNPACKED


@pytest.mark.parametrize("package", ["nginx", "mosquitto", "dnsmasq-base", "hostapd", "wpasupplicant", "systemd", "chrony"])
def test_no_package_that_starts_services_or_makes_accounts_is_installed(package: str) -> None:
    assert package in launcher.UNPACKED


@pytest.mark.parametrize(
    ("arguments", "row"),
    [
        (["demo", "--phones", "12"], "demo"),
        (["--version"], None),
        ([], None),
        (["config", "check", "f"], None),
        (["box", "status"], "box"),
        (["box", "up", "site.toml"], "box up"),
        (["box", "poster", "site.toml"], "box poster"),
        (["test"], "test"),
        (["test", "--verbose"], "test"),
        (["test", "all"], "test all"),
        (["test", "fast"], "test fast"),
        (["test", "image"], "test image"),
        (["image", "boot", "camp.img"], "image boot"),
        (["image", "verify", "camp.img"], "image"),
    ],
)
def test_the_longest_command_that_fits_decides(arguments: list[str], row: str | None) -> None:
    assert launcher.wanted(arguments) == (launcher.COMMANDS[row] if row else ({}, ("base",), "never"))


def _together(*rows: str) -> tuple[dict[str, str], set[str]]:
    programs = {program: package for row in rows for program, package in launcher.COMMANDS[row][0].items()}
    return programs, {lock for row in rows for lock in launcher.COMMANDS[row][1]}


@pytest.mark.parametrize(
    ("line", "rows", "root"),
    [
        ("test fast --only gate", ["test fast"], "never"),
        ("test --only gate fast", ["test fast"], "never"),
        ("test --only=gate fast", ["test fast"], "never"),
        ("test fast --only=gate --verbose", ["test fast"], "never"),
        ("test --verbose fast", ["test fast"], "never"),
        ("test --verbose fast --only net", ["test fast"], "never"),
        ("test fast --only all", ["test fast"], "never"),
        ("test --only gate", ["test"], "if possible"),
        ("test --only fast", ["test"], "if possible"),
        ("test --only=gate net", ["test net"], "always"),
        ("test net --only gate", ["test net"], "always"),
        ("test fast fast", ["test fast"], "never"),
        ("test -- fast", ["test fast"], "never"),
        ("test fast vm", ["test fast", "test vm"], "always"),
        ("test --only gate fast --verbose vm browser", ["test fast", "test vm", "test browser"], "always"),
        ("test fast all", ["test fast", "test all"], "always"),
        ("bench --json portal content", ["bench content"], "always"),
        ("bench portal", ["bench"], "always"),
    ],
)
def test_point_6_options_and_their_values_are_no_kinds_and_kinds_need_no_more_than_they_do(
    line: str, rows: list[str], root: str
) -> None:
    programs, locks, found = launcher.wanted(line.split())
    assert (programs, set(locks), found) == (*_together(*rows), root)


def test_a_kind_that_is_none_is_refused_before_anything_is_installed() -> None:
    assert launcher.wanted(["test", "fats"]) == (*launcher.needed_by([])[:2], "never")
    assert launcher.needed_by([])[0] == {}


def test_every_kind_has_its_row() -> None:
    for kind in [*KINDS, "all", "fresh"]:
        assert f"test {kind}" in launcher.COMMANDS


def test_a_run_as_new_needs_next_to_nothing_of_the_machine_it_is_started_on() -> None:
    assert launcher.wanted(["test", "fresh"]) == ({"mmdebstrap": "mmdebstrap"}, ("base",), "always")
    assert launcher.wanted(["test", "fresh", "--only", "gate"]) == launcher.wanted(["test", "fresh"])


@pytest.mark.parametrize("command", ["test", "bench"])
def test_the_launcher_knows_every_option_with_a_value_where_words_follow(command: str) -> None:
    found = campbox.get_command(click.Context(campbox), command)
    assert found is not None
    options = [option for option in found.params if isinstance(option, click.Option) and not (option.is_flag or option.count)]
    assert {name for option in options for name in option.opts} == launcher.VALUED[command]


def test_an_unpacked_emulator_finds_its_modules_and_firmware_beside_it() -> None:
    """Without the first it ends with "could not load module for type 'tcg-accel-ops'"."""
    emulators = {package for name, package in PROGRAMS.items() if name.startswith("qemu-system-")}
    assert len(emulators) == 2
    for package in emulators & launcher.UNPACKED:
        assert {"qemu-system-common", "qemu-system-data", "ipxe-qemu"} <= set(launcher.BESIDE[package]) <= launcher.UNPACKED
    assert {name for name, package in PROGRAMS.items() if package in emulators} <= set(launcher.WRAPPED)


def test_a_program_counts_by_name_by_choice_or_by_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "one").write_text("")
    (tmp_path / "one").chmod(0o755)
    monkeypatch.setattr(launcher, "PATH", str(tmp_path))
    assert launcher.present("one")
    assert launcher.present("other|one")
    assert not launcher.present("other")
    assert launcher.present(str(tmp_path / "one"))
    assert not launcher.present(str(tmp_path / "other"))
    assert launcher.present(f"{tmp_path.parent}/*/one")
    assert not launcher.present(f"{tmp_path.parent}/*/no-test-makes-this")


# --- who may install


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """An ordinary user on a machine without sudo."""
    monkeypatch.setattr(launcher.os, "geteuid", lambda: 1000)
    monkeypatch.setattr(launcher.shutil, "which", lambda *_, **__: None)


@pytest.mark.usefixtures("nobody")
@pytest.mark.parametrize(("missing", "root"), [(["nftables", "iproute2"], "always"), (["python3-venv"], "never")])
def test_without_root_one_line_names_the_packages_and_why(missing: list[str], root: str) -> None:
    with pytest.raises(launcher.Stop) as stopped:
        launcher.become_root(missing, root)
    line = str(stopped.value)
    assert stopped.value.code == 3
    assert " ".join(missing) in line
    assert "needs root" in line
    assert "\n" not in line
    assert ("network namespaces" in line) == (root == "always")


class _Became(Exception):
    """What the launcher would have become."""


@pytest.fixture
def bare(nobody: None, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """A machine with Python alone: no program, nobody who may install one. What pytest says to a name stands in the answer."""
    said = {"camp": "x\nkinds: net\n", "gate": "x\nkinds: fast\n", "broken": "no such thing\n", "nothing": "kinds:\n"}

    def become(_: str, command: list[str]) -> None:
        raise _Became(" ".join(command[3:]))

    def collect(argv: list[str], **_: object) -> SimpleNamespace:
        assert argv[1:3] == ["-m", "pytest"]
        return SimpleNamespace(stdout=said[argv[-1]])

    monkeypatch.setattr(launcher, "present", lambda program: program in launcher.VENV_PARTS)
    monkeypatch.setattr(launcher, "install_libraries", lambda _: None)
    monkeypatch.setattr(launcher.fcntl, "flock", lambda *_: None)
    monkeypatch.setattr(launcher.os, "execvp", become)
    monkeypatch.setattr(launcher.subprocess, "run", collect)
    return said


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize(
    "line",
    [
        "test fast", "test fast --only gate", "test --only gate fast", "test --only=camp fast", "test --verbose fast",
        "test --only gate", "test --only=gate --verbose", "test --only nothing", "test --only gate --only=nothing",
        "test --help", "test fats",
    ],
)  # fmt: skip
def test_point_6_what_only_fits_fast_tests_asks_for_no_package_and_no_root(line: str) -> None:
    with pytest.raises(_Became, match=f"^{line}$"):
        launcher.main(line.split())


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize("line", ["test", "test net", "test --only camp", "test --only broken", "test --only=gate net"])
def test_what_fits_other_tests_asks_for_what_they_need(line: str) -> None:
    with pytest.raises(launcher.Stop, match="missing .*nftables.* needs root") as stopped:
        launcher.main(line.split())
    assert ("chromium" in str(stopped.value)) == (line in ("test", "test --only broken"))


@pytest.mark.usefixtures("nobody")
def test_without_root_what_needs_none_still_runs() -> None:
    assert launcher.become_root([], "never") == []
    assert launcher.become_root([], "if possible") == []
    with pytest.raises(launcher.Stop, match="this needs root"):
        launcher.become_root([], "always")


def test_what_crosses_sudo_is_what_is_needed() -> None:
    assert launcher.keep("PIP_INDEX_URL")
    assert launcher.keep("CI")
    assert not launcher.keep("LD_PRELOAD")
    assert not launcher.keep("SSH_AUTH_SOCK")
    assert not launcher.keep("PYTHONPATH"), "root imports nothing a variable points at"


# --- when .venv is right


def test_a_moved_clone_another_python_or_a_changed_lock_is_noticed() -> None:
    now = launcher.fingerprints(("base", "box"))
    assert set(now) == {"base", "box", "setup.cfg", "project", "python"}
    assert now["project"] == str(PROJECT)
    assert len(now["base"]) == 64


@pytest.mark.parametrize("content", [None, "", "{", "[]", "7"])
def test_a_stamp_that_cannot_be_read_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str | None) -> None:
    monkeypatch.setattr(launcher, "STAMP", tmp_path / "stamp")
    if content is not None:
        (tmp_path / "stamp").write_text(content)
    assert launcher.read_stamp() == {}


def test_when_everything_is_there_nothing_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launcher, "read_stamp", lambda: launcher.fingerprints(launcher.RUN_LOCKS))
    done = list[object]()
    monkeypatch.setattr(launcher, "stream", lambda *deed, **_: done.append(deed))
    monkeypatch.setattr(launcher, "say", done.append)
    launcher.install_libraries(launcher.RUN_LOCKS)
    assert done == []
