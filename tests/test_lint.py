"""W mypy strict and ruff, as tests."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from appliance.run import run

PROJECT = Path(__file__).resolve().parent.parent
PACKAGES = ("appliance", "captive_portal", "content_cache", "telemetry", "provisioning")
PYTHON = [*PACKAGES, "tests", "campbox"]
pytestmark = pytest.mark.lint


@pytest.fixture(autouse=True)
def _in_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(PROJECT)


def _complaints(*argv: str) -> str:
    done = run([sys.executable, "-m", *argv], check=False, timeout=570)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def _cache() -> str:
    """mypy's cache in the clone, unless that would leave another user's files there (root testing through sudo)."""
    folder = PROJECT / ".mypy_cache"
    return str(folder) if (folder if folder.exists() else PROJECT).stat().st_uid == os.geteuid() else os.devnull


def _clean(*argv: str) -> None:
    if complaints := _complaints(*argv):
        pytest.fail(complaints, pytrace=False)


def test_mypy_strict_finds_nothing() -> None:
    packages = [part for package in PACKAGES for part in ("-p", package)]
    _clean("mypy", "--cache-dir", _cache(), *packages)


def test_mypy_strict_finds_nothing_in_the_launcher() -> None:
    _clean("mypy", "--cache-dir", os.devnull, "--scripts-are-modules", "campbox")


def test_mypy_strict_would_find_something(tmp_path: Path) -> None:
    bad = tmp_path / "bad.py"
    bad.write_text("def f(x):\n    return x\n")
    assert "no-untyped-def" in _complaints("mypy", "--cache-dir", os.devnull, str(bad))


def test_ruff_finds_nothing() -> None:
    _clean("ruff", "check", "--no-cache", *PYTHON)


def test_ruff_would_format_nothing_otherwise() -> None:
    _clean("ruff", "format", "--check", "--no-cache", *PYTHON)


def test_ruff_would_find_something(tmp_path: Path) -> None:
    bad = tmp_path / "bad.py"
    bad.write_text("import os\n")
    assert "F401" in _complaints("ruff", "check", "--no-cache", "--config", str(PROJECT / "pyproject.toml"), str(bad))
