"""Keys: two of three root keys lie in a drawer, the hub alone signs no root, a new key takes the place of an old one."""

from __future__ import annotations

import datetime
import stat
from pathlib import Path

import pytest
from tuf.api.metadata import Metadata, Root

from appliance.errors import BadInput, NotSo
from content_cache.publish import keys, rotation
from content_cache.publish.edition import NewFile
from content_cache.publish.signing import LIFE, SignedRepository

NOW = datetime.datetime(2026, 11, 22, tzinfo=datetime.UTC)


@pytest.fixture
def hub(tmp_path: Path) -> Path:
    keys.ensure(tmp_path / "keys")
    repository(tmp_path).begin()
    repository(tmp_path).publish([NewFile("c.zst", b"one", {"kind": "catalogue", "serial": 1})])
    return tmp_path


def repository(hub: Path, *drawers: Path, days: float = 0) -> SignedRepository:
    return SignedRepository(hub / "repository", hub / "keys", NOW + datetime.timedelta(days=days), drawers)


def root(hub: Path, version: int) -> Metadata[Root]:
    return Metadata[Root].from_file(str(hub / "repository" / "metadata" / f"{version}.root.json"))


def test_two_of_three_root_keys_go_into_the_drawer_and_nothing_of_them_stays(hub: Path) -> None:
    drawer = hub / "stick"
    assert len(rotation.take_offline(repository(hub), drawer)) == 2
    assert len(list(drawer.glob("*.pem"))) == 2 and len(list((hub / "keys").glob("*.pem"))) == 4
    assert {stat.S_IMODE(path.stat().st_mode) for path in drawer.iterdir()} == {0o600}
    assert [one["here"] for one in rotation.whereabouts(repository(hub)) if one["role"] == "root"].count(True) == 1
    assert rotation.take_offline(repository(hub), drawer) == []


def test_a_drawer_within_the_hub_is_refused(hub: Path) -> None:
    with pytest.raises(BadInput, match="within"):
        rotation.take_offline(repository(hub), hub / "keys" / "drawer")
    assert len(list((hub / "keys").glob("*.pem"))) == 6


def test_without_the_drawer_the_hub_publishes_and_renews_everything_but_the_root(
    hub: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rotation.take_offline(repository(hub), hub / "stick")
    later = repository(hub, days=LIFE["root"] * 0.6)
    later.begin()
    assert later.renew() is False and later.root().version == 1
    assert "the root lasts until 2028-11-21: campbox catalogue keys renew" in caplog.text
    assert later.publish([NewFile("d.zst", b"two", {"kind": "catalogue", "serial": 2})]).serial == 2
    with pytest.raises(NotSo, match="2 of root must sign, 1 can"):
        rotation.rotate(later, "targets")
    assert later.root().version == 1 and len(list((hub / "keys").glob("*.pem"))) == 4
    assert rotation.renew_root(repository(hub, hub / "stick", days=500)) == 2


@pytest.mark.parametrize("role", ["targets", "snapshot", "timestamp"])
def test_a_new_key_takes_the_place_of_the_old_one_which_is_forgotten(hub: Path, role: str) -> None:
    rotation.take_offline(repository(hub), hub / "stick")
    before = repository(hub).root().roles[role].keyids
    made = rotation.rotate(repository(hub, hub / "stick"), role)
    again = repository(hub)
    assert again.root().roles[role].keyids == [made] != before
    again.root().verify_delegate(role, again.open(role).signed_bytes, again.open(role).signatures)
    assert set(keys.found([hub / "keys"])).isdisjoint(before)
    assert again.publish([NewFile("d.zst", b"two", {"kind": "catalogue", "serial": 2})]).serial == 2


def test_a_lost_root_key_is_replaced_by_the_other_two(hub: Path) -> None:
    drawer = hub / "stick"
    rotation.take_offline(repository(hub), drawer)
    (lost, *_), root_1 = sorted(drawer.glob("*.pem")), root(hub, 1)
    keyid = keys.load(lost).public_key.keyid
    lost.unlink()
    made = rotation.rotate(repository(hub, drawer), "root", lost=keyid[:8])
    root_2 = root(hub, 2)
    root_1.verify_delegate("root", root_2)
    root_2.verify_delegate("root", root_2)
    assert keyid not in root_2.signed.roles["root"].keyids and made in root_2.signed.roles["root"].keyids
    assert any(path.name.startswith(f"root-{made[:8]}") for path in drawer.iterdir())


@pytest.mark.parametrize(("role", "lost"), [("root", ""), ("root", "nothing"), ("mirror", "")])
def test_what_cannot_be_rotated_is_said(hub: Path, role: str, lost: str) -> None:
    with pytest.raises(BadInput):
        rotation.rotate(repository(hub), role, lost=lost)
    assert repository(hub).root().version == 1
