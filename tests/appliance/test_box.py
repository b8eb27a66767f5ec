"""Putting a box together: what is refused, and that the token reaches the agent and stays nowhere else."""

from __future__ import annotations

import dataclasses
import errno
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization

from appliance import box
from appliance.config import SiteConfig, parse
from appliance.errors import BadInput, ConfigError, NotSo
from appliance.install import install
from appliance.layout import Layout
from appliance.services import USERS
from tests.appliance.test_lifetime import _keys, made
from tests.fakes import refusals

EXAMPLE = (Path(__file__).resolve().parents[2] / "examples" / "site.toml").read_text()
CONFIG = parse(EXAMPLE)
IDENTITY = {
    "box": "north-1",
    "site": "north",
    "hub": {"host": "hub.example.org", "port": 443},
    "pin": "sha256:0",
    "token": "T" * 43,
}


@pytest.fixture
def layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Layout:
    """A box's folders; giving files away is left out, so that the test needs no root."""
    monkeypatch.setattr(os, "chown", lambda *_: None)
    monkeypatch.setattr(os, "fchown", lambda *_: None)
    made = Layout.under(tmp_path, tmp_path)
    made.etc.mkdir()
    return made


def give(layout: Layout, identity: Any) -> None:
    layout.identity_file.write_text(json.dumps(identity))


def everything(layout: Layout) -> dict[str, str]:
    return {path.name: path.read_text() for path in layout.etc.parent.rglob("*") if path.is_file()}


def test_the_token_moves_to_the_agents_folder_and_leaves_the_identity_file(layout: Layout) -> None:
    give(layout, IDENTITY)
    box.prepare_identity(layout)
    assert [name for name, text in everything(layout).items() if IDENTITY["token"] in text] == ["token"]
    assert (layout.identity_dir / "token").stat().st_mode & 0o777 == 0o600
    assert json.loads(layout.identity_file.read_text()) == {k: v for k, v in IDENTITY.items() if k != "token"}


def test_preparing_again_brings_no_used_token_back(layout: Layout) -> None:
    give(layout, IDENTITY)
    box.prepare_identity(layout)
    (layout.identity_dir / "token").unlink()
    box.prepare_identity(layout)
    assert not (layout.identity_dir / "token").exists()


def test_a_power_cut_between_the_two_writes_only_repeats_them(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    give(layout, IDENTITY)
    with monkeypatch.context() as patch:
        patch.setattr(box, "write_json", lambda *_: (_ for _ in ()).throw(NotSo("power cut")))
        with pytest.raises(NotSo):
            box.prepare_identity(layout)
    assert "token" in json.loads(layout.identity_file.read_text())
    box.prepare_identity(layout)
    assert (layout.identity_dir / "token").read_text().strip() == IDENTITY["token"]


def test_a_box_without_an_identity_stands_alone(layout: Layout) -> None:
    box.prepare_identity(layout)
    assert everything(layout) == {}
    assert not box.has_hub(CONFIG, layout)
    give(layout, IDENTITY)
    assert box.has_hub(CONFIG, layout)


def test_an_identity_that_is_none_is_refused(layout: Layout) -> None:
    give(layout, ["north-1"])
    with pytest.raises(BadInput):
        box.prepare_identity(layout)


def test_sample_content_is_refused_with_the_file_named() -> None:
    box.refuse_sample(CONFIG, "site.toml")
    with pytest.raises(ConfigError, match="sample = true outside the demo") as refused:
        box.refuse_sample(parse(EXAMPLE.replace("sample = false", "sample = true")), "site.toml")
    assert refused.value.where.startswith("site.toml")
    assert refused.value.exit_code == 2


def test_a_wrong_site_file_leaves_the_one_in_place(layout: Layout) -> None:
    box.put_site_file(EXAMPLE, layout, "site.toml")
    with pytest.raises(ConfigError):
        box.put_site_file(EXAMPLE + "x = 1\n", layout, "site.toml")
    assert layout.config_file.read_text() == EXAMPLE


@pytest.mark.parametrize(("code", "python"), [("/home/x/campbox", "/usr/bin/python3"), ("/opt/campbox", "/root/venv/bin/python")])
def test_units_for_a_project_that_their_cells_would_hide_are_refused(tmp_path: Path, code: str, python: str) -> None:
    with pytest.raises(NotSo, match="below a home"):
        install(EXAMPLE, CONFIG, to=tmp_path, code=Path(code), python=Path(python))
    assert list(tmp_path.iterdir()) == []


def test_a_staged_identity_is_for_root_alone_and_the_units_of_the_hub_are_there(tmp_path: Path) -> None:
    written = install(EXAMPLE, CONFIG, to=tmp_path, code=Path("/opt/c"), python=Path("/opt/c/bin/python"), identity=IDENTITY)
    assert (tmp_path / "etc/campbox/identity.json").stat().st_mode & 0o777 == 0o600
    assert {"campbox-enrol.timer", "campbox-telemetry.service", "campbox-sync.timer"} <= {path.name for path in written}


def test_a_box_without_a_hub_gets_none_of_its_units(tmp_path: Path) -> None:
    alone = EXAMPLE.replace(
        '[hub]                             # optional: without it the box stands alone\nhost = "hub.example.org"', ""
    )
    assert parse(alone).hub is None
    written = install(alone, parse(alone), to=tmp_path, code=Path("/opt/c"), python=Path("/opt/c/bin/python"))
    assert not {"campbox-enrol.timer", "campbox-telemetry.service"} & {path.name for path in written}


def test_the_sites_tls_key_is_for_root_and_the_front_alone(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    given = list[tuple[object, ...]]()
    monkeypatch.setattr(os, "chown", lambda *wanted: given.append(wanted))
    key = layout.etc / "tls" / "key.pem"
    key.parent.mkdir()
    key.write_text("a key")
    key.chmod(0o644)
    box.prepare_certificate(layout)
    assert key.stat().st_mode & 0o777 == 0o640
    assert given == [(key, 0, USERS["campbox-front"])]


def test_r11_on_a_card_that_has_become_read_only_nothing_is_written_that_is_so_already(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    give(layout, IDENTITY)
    box.prepare_identity(layout)
    key = layout.etc / "tls" / "key.pem"
    key.parent.mkdir()
    key.write_text("a key")
    key.chmod(0o640)
    mode, stat = 0o100640, Path.stat

    def as_roots(path: Path, **more: Any) -> Any:
        of_the_front = SimpleNamespace(st_uid=0, st_gid=USERS["campbox-front"], st_mode=mode)
        return of_the_front if path == key else stat(path, **more)

    def refuse(*_: Any, **__: Any) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(Path, "stat", as_roots)
    monkeypatch.setattr(os, "chown", refuse)
    monkeypatch.setattr(Path, "chmod", refuse)
    monkeypatch.setattr(box, "make_folder", lambda *_: None)  # tests/appliance/test_files.py
    with refusals.disk(layout.etc, "read-only"):
        box.prepare_identity(layout)
        box.prepare_certificate(layout)
        mode = 0o100600
        with pytest.raises(NotSo, match="cannot be given to the front: Read-only file system"):
            box.prepare_certificate(layout)


@pytest.mark.parametrize("content", ["", "{", "[]", "\0" * 100])
def test_r5_a_spoiled_identity_costs_the_hub_and_not_the_box(
    layout: Layout, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, content: str
) -> None:
    layout.identity_file.write_text(content)
    monkeypatch.setattr(box, "write_configuration", lambda *_: None)
    supervisor = box.assemble(CONFIG, layout)
    assert "gate" in supervisor.children and "identity.json" in caplog.text


def _certificate(layout: Layout, *, fits: bool = True) -> SiteConfig:
    folder, plain = layout.etc / "tls", serialization.NoEncryption()
    folder.mkdir()
    (folder / "cert.pem").write_bytes(made(0, 2_000_000_000))
    key = _keys()[0 if fits else 1]
    (folder / "key.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
    return dataclasses.replace(CONFIG, access=dataclasses.replace(CONFIG.access, api_name="portal.example.org"))


def test_a_site_with_its_own_certificate_serves_https(layout: Layout) -> None:
    config = _certificate(layout)
    assert box.with_what_tls_there_is(config, layout) is config and box.with_what_tls_there_is(CONFIG, layout) is CONFIG


@pytest.mark.parametrize(
    "spoil",
    [
        lambda folder: shutil.rmtree(folder),
        lambda folder: (folder / "cert.pem").unlink(),
        lambda folder: (folder / "key.pem").unlink(),
        lambda folder: (folder / "cert.pem").write_bytes(b""),
        lambda folder: (folder / "key.pem").write_bytes(b"\0" * 2_000),
        lambda folder: (folder / "cert.pem").write_bytes(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
        lambda folder: [(folder / "cert.pem").unlink(), (folder / "cert.pem").mkdir()],
        lambda folder: [(folder / "key.pem").unlink(), (folder / "key.pem").symlink_to(folder / "key.pem")],
        lambda folder: [shutil.rmtree(folder), folder.write_text("a file")],
        lambda folder: (folder / "key.pem").write_bytes(
            _keys()[0].private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"secret")
            )
        ),
    ],
)
def test_r4_a_certificate_that_cannot_be_served_costs_https_and_not_the_front(
    layout: Layout, caplog: pytest.LogCaptureFixture, spoil: Callable[[Path], object]
) -> None:
    """Before the mend nginx did not start on it after a power cut, and nobody could tap."""
    config = _certificate(layout)
    spoil(layout.etc / "tls")
    assert box.with_what_tls_there_is(config, layout).access.api_name is None
    assert "HTTPS is not served" in caplog.text and "start the box again" in caplog.text


def test_r4_nor_does_one_whose_key_is_still_the_old_one(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    config, written = _certificate(layout, fits=False), list[SiteConfig]()
    monkeypatch.setattr(box, "write_configuration", lambda group, site, place: written.append(site))
    supervisor = box.assemble(config, layout)
    assert "announce" not in supervisor.children and [one.access.api_name for one in written] == [None]
