"""What of the project and its libraries a box gets: everything a box runs, nothing of the hub's or the office's."""

from __future__ import annotations

import configparser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import BadInput
from provisioning.image.libraries import LEFT_OUT_MODULES, box_setup, carried, parse_lock, project_files, wanted

PROJECT = Path(__file__).resolve().parents[3]
H = "a" * 64
LOCK = f"""\
# Made by requirements/renew; do not edit. 2 libraries.

click==8.5.1 \\
    --hash=sha256:{H}
cbor2==6.2.1 \\
    --hash=sha256:{"b" * 64} \\
    --hash=sha256:{"c" * 64}

# The following packages are considered to be unsafe in a requirements file:
setuptools==84.2.1 \\
    --hash=sha256:{"d" * 64}
"""


def test_a_lock_file_is_read() -> None:
    found = parse_lock(LOCK)
    assert [(one.name, one.version, len(one.hashes)) for one in found] == [
        ("click", "8.5.1", 1),
        ("cbor2", "6.2.1", 2),
        ("setuptools", "84.2.1", 1),
    ]
    assert found[1].text.count("--hash") == 2 and "#" not in found[1].text


def test_what_only_installs_stays_out() -> None:
    assert [one.name for one in wanted(parse_lock(LOCK), parse_lock(LOCK))] == ["cbor2", "click"]


def test_two_versions_of_a_library_are_a_fault() -> None:
    with pytest.raises(BadInput, match="click has two versions"):
        wanted(parse_lock(LOCK), parse_lock(LOCK.replace("8.5.1", "8.5.2")))


def test_a_library_without_a_hash_is_refused() -> None:
    with pytest.raises(BadInput, match="click has no hash"):
        parse_lock("click==8.5.1\n", "base")


@given(st.text(max_size=200))
def test_any_text_is_a_lock_file_or_one_line(text: str) -> None:
    try:
        assert all(one.hashes for one in parse_lock(text))
    except BadInput as error:
        assert "\n" not in str(error)


def test_the_projects_own_lock_files_hold_what_a_box_imports() -> None:
    names = {one.name for lock in ("base", "box") for one in parse_lock((PROJECT / f"requirements/{lock}.lock").read_text())}
    assert {"click", "rich", "flask", "gunicorn", "paho-mqtt", "scapy", "tuf", "cryptography", "zstandard"} <= names


@pytest.mark.parametrize(
    "module", ["appliance.run", "telemetry.agent", "content_cache.app", "provisioning.agent", "provisioning.card", "provisioning"]
)
def test_a_boxs_modules_are_carried(module: str) -> None:
    assert carried(module)


@pytest.mark.parametrize(
    "module", [*LEFT_OUT_MODULES, *(f"{name}.commands" for name in LEFT_OUT_MODULES), "tests.conftest", "docs"]
)
def test_the_hubs_and_the_offices_are_not(module: str) -> None:
    assert not carried(module)


def test_a_name_that_only_begins_like_one_left_out_is_carried() -> None:
    assert carried("provisioning.imagery") and carried("telemetry.dashboards")


def test_files_of_a_box() -> None:
    paths = ["appliance/run.py", "appliance/web/icons/a.svg", "appliance/__pycache__/run.cpython-311.pyc", "appliance/.run.py.swp",
             "telemetry/dashboard/app.py", "telemetry/dashboard/templates/x.html", "provisioning/testing.py", "tests/conftest.py",
             "provisioning/__init__.py", "appliance/run.pyc"]  # fmt: skip
    assert project_files(paths) == ("appliance/run.py", "appliance/web/icons/a.svg", "provisioning/__init__.py")


def test_entry_points_of_what_is_left_out_are_gone() -> None:
    text = (PROJECT / "setup.cfg").read_text("utf-8")
    setup = configparser.ConfigParser(interpolation=None, delimiters=("=",))
    setup.read_string(box_setup(text))
    groups = {group: lines.split("\n") for group, lines in setup["options.entry_points"].items()}
    commands = {line.partition("=")[0].strip() for line in groups["campbox.commands"] if line}
    assert {"box", "config"} <= commands and not commands & {"hub", "demo", "image", "enrol", "bench", "test", "flash", "catalogue"}
    assert not [group for group in groups if group.startswith("campbox.hub")]
    assert {"front", "names", "radio"} == {line.partition("=")[0].strip() for line in groups["campbox.files"] if line}
    assert groups["console_scripts"][-1] == "campbox = appliance.cli:main"
    assert "**/*.html" in setup["options.package_data"]["*"]
    for name in LEFT_OUT_MODULES:
        assert name not in str(groups)


@pytest.mark.parametrize("text", ["", "[metadata]\nname = x\n", "no ini at all"])
def test_a_setup_file_that_is_none_is_one_line(text: str) -> None:
    with pytest.raises(BadInput, match="setup.cfg"):
        box_setup(text)
