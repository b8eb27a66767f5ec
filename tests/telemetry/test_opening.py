"""The files that open the link: looked at by content, and useless ones said in one line."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from appliance.errors import NotSo
from appliance.layout import Layout
from appliance.values import BoxId
from telemetry import opening
from telemetry.mqtt import MqttLink
from tests.appliance.test_lifetime import _keys, made

DER, KEY = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    made_layout = Layout.under(tmp_path, tmp_path)
    folder = made_layout.identity_dir
    folder.mkdir(parents=True)
    (folder / "key.pem").write_bytes(_keys()[0].private_bytes(DER, KEY, serialization.NoEncryption()))
    for name in ("cert.pem", "ca.pem"):
        (folder / name).write_bytes(made(0, 2_000_000_000))
    (folder / "mqtt.json").write_text(json.dumps({"host": "hub.example.org", "port": 8883}))
    return made_layout


def test_a_box_that_is_not_enrolled_has_no_link_and_one_that_is_has(layout: Layout) -> None:
    connect = opening.connector(layout, BoxId("north-1"))
    assert isinstance(connect(b""), MqttLink)
    (layout.identity_dir / "cert.pem").unlink()
    assert connect(b"") is None


@pytest.mark.parametrize("name", ["key.pem", "cert.pem", "ca.pem", "mqtt.json"])
def test_r4_new_content_is_noticed_whatever_the_files_times_say(layout: Layout, name: str) -> None:
    path, before = layout.identity_dir / name, opening.identity(layout)
    times = os.stat(path)
    os.utime(path, (5, 5))
    assert opening.identity(layout) == before, "a touch is no change"
    content = path.read_bytes()
    path.write_bytes(content[:-1] + b" ")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert opening.identity(layout) != before
    path.unlink()
    assert opening.identity(layout) != before


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("mqtt.json", "{}"), ("mqtt.json", "[]"), ("mqtt.json", "null"), ("mqtt.json", '{"host": 5, "port": "x"}'),
        ("mqtt.json", "{"), ("cert.pem", ""), ("cert.pem", "nonsense"), ("key.pem", ""), ("ca.pem", "nonsense"),
    ],
)  # fmt: skip
def test_r5_what_is_of_no_use_is_said_in_one_line(layout: Layout, name: str, content: str) -> None:
    (layout.identity_dir / name).write_text(content)
    with pytest.raises(NotSo) as caught:
        opening.connector(layout, BoxId("north-1"))(b"")
    assert "\n" not in str(caught.value)


def test_a_certificate_for_another_key_is_of_no_use(layout: Layout) -> None:
    (layout.identity_dir / "cert.pem").write_bytes(made(0, 2_000_000_000, ordinary=False))
    with pytest.raises(NotSo, match="cannot be used"):
        opening.connector(layout, BoxId("north-1"))(b"")


@pytest.mark.parametrize("gone", ["mqtt.json", "key.pem", "ca.pem"])
def test_r4_a_part_of_it_that_is_gone_is_of_no_use_and_not_as_if_nothing_had_come(layout: Layout, gone: str) -> None:
    """The certificate is written last: beside it all the rest must be there."""
    (layout.identity_dir / gone).unlink()
    with pytest.raises(NotSo, match="cannot be used"):
        opening.connector(layout, BoxId("north-1"))(b"")


@pytest.mark.parametrize("where", ['{"host": "", "port": 8883}', '{"host": "hub", "port": 0}', '{"host": "hub", "port": 65536}'])
def test_r5_an_address_that_is_none_is_of_no_use(layout: Layout, where: str) -> None:
    (layout.identity_dir / "mqtt.json").write_text(where)
    with pytest.raises(NotSo, match="no address"):
        opening.connector(layout, BoxId("north-1"))(b"")
