"""The agent of an enrolled box does nothing, and misses nothing that it should do."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from provisioning.agent import RENEW_AFTER, is_settled

NOW = 1_800_000_000.0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An enrolled box: ``cert.pem`` of today, facts that say so."""
    (tmp_path / "cert.pem").touch()
    os.utime(tmp_path / "cert.pem", (NOW, NOW))
    (tmp_path / "enrol.json").write_text('{"state": "enrolled", "why": ""}')
    return tmp_path


def settled(folder: Path, now: float = NOW) -> bool:
    return is_settled(str(folder), str(folder / "enrol.json"), now)


def test_an_enrolled_box_has_nothing_to_do(folder: Path) -> None:
    assert settled(folder)
    assert settled(folder, NOW + RENEW_AFTER - 1)


def test_an_old_certificate_is_to_be_renewed(folder: Path) -> None:
    assert not settled(folder, NOW + RENEW_AFTER)


@pytest.mark.parametrize("gone", ["cert.pem", "enrol.json"])
def test_without_certificate_or_facts_there_is_something_to_do(folder: Path, gone: str) -> None:
    (folder / gone).unlink()
    assert not settled(folder)


def test_a_token_is_always_something_to_do(folder: Path) -> None:
    (folder / "token").touch()
    assert not settled(folder)


def test_facts_that_say_otherwise_are_put_right(folder: Path) -> None:
    (folder / "enrol.json").write_text('{"state": "waiting", "why": "the hub does not answer"}')
    assert not settled(folder)
