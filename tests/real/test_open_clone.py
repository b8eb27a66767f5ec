"""A clone below a home that nobody else may enter is tested all the same."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from appliance.run import run
from provisioning.lab import open_clone
from tests.real.open_folder import open_folder
from tests.real.running_camp import ENVIRONMENT

pytestmark = pytest.mark.net
CLI = """
import os, pathlib, subprocess, sys
print(os.getcwd(), sys.argv[1:])
print(subprocess.run(["cat", "here.txt"], user=65534, capture_output=True, text=True).stdout)
print(sorted(p.name for p in pathlib.Path("/mnt").iterdir()))
sys.exit(7)
"""


def test_point_0_a_clone_in_a_closed_home_is_seen_where_services_can_enter() -> None:
    with open_folder("home") as home:
        clone = home / "private" / "clone"
        (clone / "appliance").mkdir(parents=True)
        (clone / ".venv/bin").mkdir(parents=True)
        # The system's: ours is hidden by the mount where this run was itself reopened.
        (clone / ".venv/bin/python").symlink_to(Path(sys.executable).resolve())
        (clone / "appliance/__init__.py").touch()
        (clone / "appliance/cli.py").write_text(CLI)
        (clone / "here.txt").write_text("readable")
        assert open_clone.is_open(clone)
        (home / "private").chmod(0o700)
        assert not open_clone.is_open(clone)
        mnt = sorted(Path("/mnt").iterdir())
        ended = run(open_clone.reopened(clone, ["test", "net"]), env=ENVIRONMENT, check=False)
    assert ended.returncode == 7, ended.stderr
    assert "/mnt/campbox ['test', 'net']" in ended.stdout and "readable" in ended.stdout and "['campbox']" in ended.stdout
    assert sorted(Path("/mnt").iterdir()) == mnt, "nobody else sees it"
