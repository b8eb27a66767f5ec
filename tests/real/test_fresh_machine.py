"""W The first start on a bare Debian: as root, as a user with sudo and a clone in a 0700 home, as a user without.

Minutes long and 500 MB of downloads, so only in ``./campbox test all``.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.errors import CampboxError
from appliance.run import run
from provisioning.lab.machine import Machine
from provisioning.lab.pace import limit

PROJECT = Path(__file__).resolve().parents[2]
pytestmark = [
    pytest.mark.net,
    pytest.mark.timeout(2400),
    pytest.mark.skipif("CAMPBOX_TEST_ALL" not in os.environ, reason="takes minutes and 500 MB of downloads: ./campbox test all"),
]


@pytest.fixture(scope="module")
def machine() -> Iterator[Machine]:
    folder = Path(tempfile.mkdtemp(prefix="campbox-fresh-", dir="/var/tmp"))
    made = Machine(folder / "root")
    try:
        made.install()
    except CampboxError as error:
        shutil.rmtree(folder, ignore_errors=True)
        pytest.skip(f"no bare Debian to be had here: {error}")
    made.add_user("amal", sudo=True)
    made.add_user("noor", sudo=False)
    yield made
    made.remove()
    shutil.rmtree(folder, ignore_errors=True)


WELL_KNOWN = {53, 67, 80, 443, 547, 1883, 5353, 8883}
"""Ports the installed servers would take if their packages started them."""


def _ports() -> set[int]:
    """Which of these are taken on this machine, whose network the fresh one shares."""
    lines = run(["ss", "-H", "-ltun"]).stdout.splitlines()
    return WELL_KNOWN & {int(line.split()[4].rpartition(":")[2]) for line in lines}


def test_a_user_without_sudo_is_told_in_one_line_what_to_install_and_why_root(machine: Machine) -> None:
    clone = machine.clone(PROJECT, "noor")
    done = machine.run("noor", f"cd {clone} && ./campbox demo --check")
    assert done.returncode == 3
    assert done.stderr.count("\n") == 1
    for said in ("nftables", "python3-venv", "needs root", "network namespaces"):
        assert said in done.stderr


def test_a_user_with_sudo_gets_a_whole_camp_from_a_0700_home(machine: Machine) -> None:
    clone, accounts, ports = machine.clone(PROJECT, "amal"), machine.accounts(), _ports()
    done = machine.run("amal", f"cd {clone} && ./campbox demo --check --phones 2", timeout=limit(900))
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    before, _, after = done.stderr.partition("installing with apt-get: ")
    assert "nftables" in after.splitlines()[0], "packages are named before they are installed"
    assert "nginx" not in after.splitlines()[0]
    assert machine.accounts() == accounts
    assert _ports() == ports
    assert machine.run("amal", f"find {clone} -user root").stdout == "", "root leaves nothing in a user's clone"
    assert machine.run("amal", f"cd {clone} && git status --porcelain").stdout == ""


def test_a_second_start_installs_nothing(machine: Machine) -> None:
    done = machine.run("amal", "cd ~/campbox && ./campbox config check examples/site.toml")
    assert done.returncode == 0
    assert done.stderr == ""


def test_from_a_site_file_to_a_box_on_the_dashboard_without_a_human_step(machine: Machine) -> None:
    clone, accounts, ports = machine.clone(PROJECT, "amal"), machine.accounts(), _ports()
    build = "./campbox image build --site provisioning/lab/card.toml --arch amd64 --output box.img.zst"
    done = machine.run("amal", f"cd {clone} && {build}", timeout=limit(1200))
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    print(done.stdout)
    assert machine.run("amal", f"cd {clone} && ./campbox image verify box.img.zst").returncode == 0
    done = machine.run("amal", f"cd {clone} && ./campbox image boot box.img.zst --phones 1 --json", timeout=limit(1200))
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    report = json.loads(done.stdout)
    print(done.stderr)
    assert {"portal", "on the dashboard", "self-test", "no unit failed"} <= {step["name"] for step in report["steps"]}
    assert all(step["holds"] is not False for step in report["steps"])
    assert machine.accounts() == accounts
    assert _ports() == ports


def test_what_the_tests_need_makes_no_account_either_and_starts_nothing(machine: Machine) -> None:
    clone, accounts, ports = machine.clone(PROJECT, "root"), machine.accounts(), _ports()
    done = machine.run("root", f"cd {clone} && ./campbox test --only test_rates", timeout=limit(900))
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert machine.accounts() == accounts
    assert _ports() == ports
    for program in (
        "qemu-system-x86_64 --version",
        "chromedriver --version",
        "systemd-analyze --version",
        "hostapd -v",
        "wrk --version",
    ):
        found = machine.run("root", f"PATH=$PATH:{clone}/.parts/usr/bin:{clone}/.parts/usr/sbin {program}")
        assert found.returncode in (0, 1), program
        assert "not found" not in found.stderr, found.stderr
