"""The agent of an enrolled box does nothing, and misses nothing that it should do."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from appliance import facts
from appliance.layout import Layout
from provisioning.agent import is_settled
from tests.appliance.test_lifetime import DAY, YEAR, made

NOW = 1_800_000_000.0
RENEW_AT = NOW + YEAR * 2 / 3


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An enrolled box: ``cert.pem`` of today, facts that say so."""
    (tmp_path / "cert.pem").write_bytes(made(NOW, NOW + YEAR))
    (tmp_path / "enrol.json").write_text('{"state": "enrolled", "why": ""}')
    return tmp_path


def settled(folder: Path, now: float = NOW) -> bool:
    return is_settled(str(folder), str(folder / "enrol.json"), now)


def test_an_enrolled_box_has_nothing_to_do(folder: Path) -> None:
    assert settled(folder)
    assert settled(folder, RENEW_AT - 1)


def test_an_old_certificate_is_to_be_renewed(folder: Path) -> None:
    assert not settled(folder, RENEW_AT)


@pytest.mark.parametrize("written", [0.0, NOW - 10 * YEAR, NOW + 10 * YEAR])
def test_r4_when_the_file_was_written_says_nothing(folder: Path, written: float) -> None:
    """A box restored from a copy has a young file with an old certificate; one that began in 1970 the other way about."""
    os.utime(folder / "cert.pem", (written, written))
    assert settled(folder) and settled(folder, RENEW_AT - 1) and not settled(folder, RENEW_AT)


def test_r4_a_certificate_that_is_not_valid_yet_is_looked_at(folder: Path) -> None:
    assert not settled(folder, NOW - DAY)


@pytest.mark.parametrize("content", [b"", b"\x00" * 900, b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_r5_a_certificate_that_cannot_be_read_is_something_to_do(folder: Path, content: bytes) -> None:
    (folder / "cert.pem").write_bytes(content)
    assert not settled(folder)


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


def test_nothing_is_loaded_for_a_look_that_finds_nothing_to_do() -> None:
    """Every 30 s on a computer that has nothing to spare."""
    import appliance.lifetime
    import provisioning.agent

    for module in (provisioning.agent, appliance.lifetime):
        heavy = {"cryptography", "ssl", "http", "logging", "json", "dataclasses", "datetime", "typing"}
        assert not heavy & {name for name, value in vars(module).items() if value in list(sys.modules.values())}


def test_r4_a_certificate_that_telemetry_cannot_use_is_something_to_do(folder: Path) -> None:
    layout = Layout.under(folder, folder)
    layout.facts_dir.mkdir(parents=True)
    layout.facts("enrol").write_text('{"state": "enrolled", "why": ""}')

    def is_so() -> bool:
        return is_settled(str(folder), str(layout.facts("enrol")), NOW)

    assert is_so()
    for told, settled_then in (("useless", False), ("", True)):
        facts.tell(layout, "telemetry", {"state": "storing", "identity": told})
        assert is_so() is settled_then
    layout.facts("telemetry").write_bytes(b"\xff")
    assert is_so(), "what says nothing says nothing"
