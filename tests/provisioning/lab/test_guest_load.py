"""What travels into the virtual machine is what is named, whatever else was ever unpacked or installed here."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from appliance.errors import MissingComponent, NotSo
from provisioning.lab import guest_load
from provisioning.lab.guest_load import MOST, Load, load

UNPACKED = (
    "usr/bin/qemu-system-x86_64.real", "usr/bin/qemu-aarch64-static", "usr/libexec/qemu-system-i386", "usr/bin/chromedriver",
    "usr/lib/x86_64-linux-gnu/libibverbs.so.1", "usr/sbin/chronyd", "usr/sbin/mosquitto", "usr/sbin/dovecot",
    "etc/nginx/nginx.conf",
    "kernel/6.1.0-1-amd64/boot/vmlinuz-6.1.0-1-amd64", "usr/share/qemu/skiboot.lid", "usr/bin/nginx-debug",
)  # fmt: skip
"""What a fresh clone unpacks, and what later issues may."""


def put(path: Path, size: int = 10) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * size)


def install(packages: Path, name: str, *requires: str, files: tuple[str, ...] = ()) -> None:
    """A distribution as pip leaves it: its files, its metadata, and the record of both."""
    module = name.replace("-", "_").lower()
    mine = [f"{module}/__init__.py", *files]
    for file in mine:
        put(packages / file)
    about = packages / f"{module}-1.dist-info"
    about.mkdir(parents=True)
    needs = "".join(f"Requires-Dist: {one}\n" for one in requires)
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n{needs}")
    record = [*mine, f"{about.name}/METADATA", f"{about.name}/RECORD"]
    (about / "RECORD").write_text("".join(f"{file},,\n" for file in record))


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    for file in (
        "appliance/gate/daemon.py",
        "tests/real/in_guest.py",
        "tests/browser/test_pages.py",
        "docs/design.md",
        "setup.cfg",
    ):
        put(tmp_path / file)
    put(tmp_path / "setup.cfg")
    put(tmp_path / "appliance/__pycache__/box.cpython-311.pyc")
    for file in UNPACKED:
        put(tmp_path / ".parts" / file)
    packages = tmp_path / ".venv/lib/python3.11/site-packages"
    extras = ("Flask", 'scapy; extra == "box"', "mypy ; extra == 'test'", 'paho.mqtt>=2; (python_version < "4") and extra == "box"')
    install(packages, "campbox", *extras)
    install(packages, "Flask", "Babel[all]>=2", 'colorama; sys_platform == "win32"')
    install(packages, "babel", files=("babel/locale-data/ar.dat", "babel/locale-data/zu.dat"))
    install(packages, "paho-mqtt", files=("../../../bin/paho",))
    for name in ("scapy", "mypy", "pytest", "pytest-timeout", "pip", "selenium"):
        install(packages, name)
    put(tmp_path / ".venv/bin/ruff")
    put(tmp_path / ".venv/bin/python3")
    return tmp_path


def travelling(clone: Path, below: str) -> list[str]:
    return [path.removeprefix(f"{below}/") for path in load(clone).files if path.startswith(f"{below}/")]


def test_of_what_was_unpacked_here_only_the_guests_own_servers_travel(clone: Path) -> None:
    for server in ("usr/sbin/nginx", "sbin/wpa_supplicant"):
        put(clone / ".parts" / server)
    assert travelling(clone, ".parts") == ["sbin/wpa_supplicant", "usr/sbin/nginx"]


def test_servers_that_this_machine_has_installed_need_not_travel(clone: Path) -> None:
    assert travelling(clone, ".parts") == []


def test_of_the_libraries_those_of_a_box_and_of_pytest_travel_with_what_they_require(clone: Path) -> None:
    names = {path.partition("/")[0] for path in travelling(clone, ".venv/lib/python3.11/site-packages") if "-" not in path}
    assert names == {"campbox", "flask", "babel", "paho_mqtt", "pytest", "pytest_timeout"}
    assert set(travelling(clone, ".venv/bin")) == {"python3", "paho"}


def test_the_languages_of_no_test_stay_at_home(clone: Path) -> None:
    files = travelling(clone, ".venv/lib/python3.11/site-packages/babel")
    assert "locale-data/ar.dat" in files and "locale-data/zu.dat" not in files


def test_of_the_project_what_the_guest_runs_travels(clone: Path) -> None:
    found = {path for path in load(clone).files if not path.startswith(".")}
    assert found == {"appliance/gate/daemon.py", "tests/real/in_guest.py", "setup.cfg"}


def test_what_this_python_has_compiled_travels_with_its_source(clone: Path) -> None:
    """An emulated processor would compile it anew for every process."""
    tag = sys.implementation.cache_tag
    kept = {f"appliance/gate/__pycache__/daemon.{tag}{pytests}.pyc" for pytests in ("", "-pytest-9.0.0")}
    for path in (*kept, "appliance/gate/__pycache__/daemon.cpython-27.pyc", f"appliance/gate/__pycache__/gone.{tag}.pyc"):
        put(clone / path)
    assert {path for path in load(clone).files if path.endswith(".pyc")} == kept


def test_without_a_library_that_the_guest_runs_nothing_starts(tmp_path: Path) -> None:
    with pytest.raises(MissingComponent, match="campbox pytest pytest-timeout"):
        load(tmp_path)


def test_what_is_too_heavy_is_refused_and_named() -> None:
    heavy = Load({"servers": {".parts/usr/sbin/whale": MOST, ".parts/usr/sbin/nginx": 1}, "the project": {"setup.cfg": 0}})
    with pytest.raises(NotSo, match=r"100\.0 MB travel into the guest, 100 at most: servers 100\.0, the project 0\.0") as refused:
        heavy.check()
    assert "whale 100.0" in str(refused.value)


def test_what_is_just_not_too_heavy_travels() -> None:
    Load({"servers": {".parts/usr/sbin/whale": MOST}}).check()


def test_the_line_tells_every_part(clone: Path) -> None:
    assert load(clone).line().startswith("0.0 MB travel into the guest, 100 at most: ")
    assert all(name in load(clone).line() for name in load(clone).parts)


def test_this_clone_is_light_enough_whatever_is_unpacked_in_it() -> None:
    there = load(Path(guest_load.__file__).parents[2])
    there.check()
    assert there.bytes > MOST / 4, "the libraries alone weigh more: something is not found"
