"""A real image built from Debian's packages: the recipe and no more, twice the same bytes; a cut line leaves nothing half done.

The packages fetched before and, but where a test says so, the layers built before are taken from the cache.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from appliance.run import run
from provisioning.image import recipe, system
from provisioning.image.commands import cache_folder
from provisioning.image.sbom import installed
from provisioning.lab.pace import limit, patient
from tests.provisioning.image.test_sbom import complaints

pytestmark = [pytest.mark.image, pytest.mark.timeout(1200)]
SITE = Path(__file__).resolve().parents[2] / "examples/site.toml"
CAMPBOX = (sys.executable, "-m", "appliance.cli", "image", "build", "--site", str(SITE), "--arch", "amd64")
LARGEST = 450_000_000
"""Bytes of a compressed image."""


def _campbox(*arguments: str, before: tuple[str, ...] = (), **environment: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **environment}
    return run([*before, *CAMPBOX, *arguments], env=env, timeout=limit(1100), check=False)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """An image, compressed, and its report."""
    image = tmp_path_factory.mktemp("built") / "box.img.zst"
    done = _campbox("--output", str(image), "--json")
    assert done.returncode == 0, done.stderr
    assert done.stderr == "", "no progress where nobody sees it"
    told: dict[str, Any] = json.loads(done.stdout)
    print(f"\n{told['seconds']} {told['sizes']}")
    return image, told


@pytest.fixture(scope="module")
def root(built: tuple[Path, dict[str, Any]]) -> Path:
    """The system slot that stands in it."""
    return next(cache_folder().glob(f"system_a-amd64-{built[1]['recipe'][:20]}.squashfs"))


def _read(root: Path, path: str) -> str:
    return run(["unsquashfs", "-cat", str(root), path], timeout=patient(120)).stdout


def test_the_file_is_the_reported_one_and_small_enough(built: tuple[Path, dict[str, Any]]) -> None:
    image, told = built
    assert hashlib.sha256(image.read_bytes()).hexdigest() == told["sha256"]
    assert image.stat().st_size == told["sizes"]["file"] < LARGEST
    assert json.loads(Path(f"{image}.json").read_text()) == told
    assert {path.name for path in image.parent.iterdir()} == {
        f"{image.name}{end}" for end in ("", ".json", ".spdx.json", ".licences.txt")
    }


def test_nothing_is_in_it_that_is_not_in_the_recipe(built: tuple[Path, dict[str, Any]], root: Path) -> None:
    there = {(one.name, one.version) for one in installed(_read(root, "var/lib/dpkg/status"))}
    assert there == {(one["name"], one["version"]) for one in built[1]["packages"]}
    names = {name for name, _ in there}
    assert set(recipe.packages(recipe.ARCHES["amd64"], system.PACKAGES)) <= names
    assert not names & recipe.NEVER
    assert not [name for name in names if re.match(r"openssh|gcc-\d+$|g\+\+|.*-dev$|python3-pip|git$", name)]


def test_no_program_to_compile_to_fetch_or_to_log_in_with(root: Path) -> None:
    paths = set(run(["unsquashfs", "-lc", str(root)], timeout=patient(120)).stdout.split("\n"))
    assert "squashfs-root/usr/sbin/nginx" in paths and "squashfs-root/opt/campbox/bin/campbox" in paths
    places = ("usr/bin", "usr/sbin", "usr/local/bin", "opt/campbox/bin")
    names = ["sshd", "ssh", "gcc", "cc", "make", "curl", "wget", "sudo", "apt-get", "pip", "git", "dropbear", "telnetd"]
    assert [name for place in places for name in names if f"squashfs-root/{place}/{name}" in paths] == []
    assert not [path for path in paths if re.search(r"site-packages/(pip|setuptools|wheel)$", path)]
    hubs = r"(telemetry/dashboard|provisioning/(authority|lab|image|flash)|content_cache/publish)$"
    assert not [path for path in paths if re.search(hubs, path)]


def test_nobody_can_log_in_and_nothing_tells_two_images_apart(root: Path) -> None:
    fields = [line.split(":") for line in _read(root, "etc/shadow").splitlines()]
    assert all(field[1].startswith(("!", "*")) for field in fields)
    assert {"root", "campbox-gate", "campbox-portal"} <= {field[0] for field in fields}
    assert _read(root, "etc/machine-id").strip() in ("", "uninitialized")
    paths = run(["unsquashfs", "-lc", str(root)], timeout=patient(120)).stdout
    for trace in (
        "ssh_host_",
        "var/lib/systemd/random-seed",
        "credential.secret",
        "var/lib/apt/lists/",
        "var/log/dpkg.log",
        ".resolv.conf",
        "var/cache/apt",
    ):
        assert trace not in paths


def test_it_passes_the_check_that_technicians_run(built: tuple[Path, dict[str, Any]]) -> None:
    done = run([*CAMPBOX[:3], "image", "verify", str(built[0]), "--json"], timeout=limit(600), check=False)
    facts = json.loads(done.stdout)
    assert [check for check in facts["checks"] if not check["ok"]] == [] and done.returncode == 0
    assert facts["secrets"] == [] and facts["manifest"]["recipe"] == built[1]["recipe"]


def test_its_list_of_parts_is_whole_and_legal_spdx(built: tuple[Path, dict[str, Any]]) -> None:
    document = json.loads(Path(f"{built[0]}.spdx.json").read_text())
    assert complaints(document) == []
    parts = {(one["name"], one["versionInfo"]): one for one in document["packages"]}
    wanted = {(one["name"], one["version"]): one["sha256"] for one in built[1]["packages"]}
    assert {key: parts[key]["checksums"][0]["checksumValue"] for key in wanted} == wanted
    assert len(parts) == len(wanted) + len(built[1]["libraries"]) + 2  # the image itself, and the project
    licences = Path(f"{built[0]}.licences.txt").read_text()
    assert all(f"\n{name} " in licences for name, _ in wanted)


@pytest.mark.skipif("CAMPBOX_TEST_IMAGE" not in os.environ, reason="builds every layer again: ./campbox test image")
def test_the_same_inputs_give_the_same_bytes(built: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    done = _campbox("--offline", "--fresh", "--output", str(tmp_path / "again.img.zst"), "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["reused"] == [] and told["recipe"] == built[1]["recipe"]
    assert told["sha256"] == built[1]["sha256"]


def test_a_cut_line_is_one_line_and_leaves_nothing_half_made(tmp_path: Path) -> None:
    done = _campbox("--output", str(tmp_path / "x.img"), before=("unshare", "--net"), XDG_CACHE_HOME=str(tmp_path / "cache"))
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1 and "start again: what was fetched is kept" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["cache"]
    assert not list((tmp_path / "cache").rglob("work-*"))


def test_with_no_line_at_all_the_cache_is_enough(built: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    done = _campbox("--offline", "--output", str(tmp_path / "x.img"), "--json", before=("unshare", "--net"))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["recipe"] == built[1]["recipe"]
