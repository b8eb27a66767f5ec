"""The operators' account, and what hub up prints."""

from __future__ import annotations

import hashlib
import json
import ssl
from pathlib import Path

import pytest

from appliance.errors import BadInput, CampboxError, ConfigError, NotSo
from appliance.hub_config import HubConfig
from appliance.layout import Layout
from telemetry.dashboard import admin, commands


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Layout:
    monkeypatch.delenv(admin.PASSWORD_VARIABLE, raising=False)
    return Layout.under(tmp_path, tmp_path)


def test_the_password_is_told_once_and_only_its_hash_is_kept(place: Layout) -> None:
    user, password = admin.ensure(place)
    assert password is not None and len(password) >= 20
    path = place.data / "hub" / "admin.json"
    assert password not in path.read_text() and path.stat().st_mode & 0o077 == 0
    assert admin.ensure(place) == (user, None)
    account = admin.load(place)
    assert account.accepts(user, password)
    assert not account.accepts(user, password + "x") and not account.accepts("other", password)


def test_two_hubs_have_nothing_in_common(place: Layout, tmp_path: Path) -> None:
    other = Layout.under(tmp_path / "other", tmp_path)
    assert admin.ensure(place)[1] != admin.ensure(other)[1]
    one, two = (json.loads((where.data / "hub" / "admin.json").read_text()) for where in (place, other))
    assert all(one[name] != two[name] for name in ("salt", "digest", "session_key"))


def test_a_chosen_password_must_be_long(place: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(admin.PASSWORD_VARIABLE, "short")
    with pytest.raises(BadInput):
        admin.ensure(place)
    monkeypatch.setenv(admin.PASSWORD_VARIABLE, "long enough it is")
    assert admin.ensure(place) == (admin.USER, "long enough it is")


def test_without_an_account_the_mend_is_named(place: Layout) -> None:
    with pytest.raises(NotSo, match="hub up"):
        admin.load(place)


def test_what_is_printed_holds_the_pin_for_site_files(place: Layout) -> None:
    admin.ensure(place)
    folder = place.data / "hub" / "authority"
    folder.mkdir(parents=True)
    (folder / "ca.pem").write_text(ssl.DER_cert_to_PEM_cert(b"a certificate"))
    told = "\n".join(commands.lines(HubConfig(host="hub.example.org", https_port=8443), place, "secret-word"))
    assert f'ca = "sha256:{hashlib.sha256(b"a certificate").hexdigest()}"' in told
    assert "https://hub.example.org:8443/" in told and "secret-word" in told
    assert "password" not in "\n".join(commands.lines(HubConfig(host="hub.example.org"), place, None))


def test_a_missing_or_wrong_configuration_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="examples/hub.toml"):
        commands._read(tmp_path / "hub.toml")
    (tmp_path / "hub.toml").write_text('host = "x"\ncolour = "red"\n')
    with pytest.raises(ConfigError, match="colour"):
        commands._read(tmp_path / "hub.toml")


def test_the_demos_configuration_is_refused_outside_it() -> None:
    with pytest.raises(CampboxError):
        commands._check_machine(HubConfig(host="x", demo=True))
