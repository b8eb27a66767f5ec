"""Attacks on the signed repository (TUF specification 1.0, section 1.5.2), through all the code that verifies: the box refuses,
goes on showing the catalogue it has, and tells the reason, which telemetry sends to the dashboard."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from securesystemslib.signer import CryptoSigner

from content_cache.folder_carrier import Folder
from content_cache.publish import keys, rotation
from content_cache.sources import kept
from content_cache.targets import LARGEST_FILE
from tests.content_cache import signed_place
from tests.content_cache.signed_place import Box, Hub, key_of, refused, resign, with_layer
from tests.content_cache.test_layers import CATALOGUE

hub, box = signed_place.hub, signed_place.box


@pytest.mark.parametrize("forgetful", [False, True])
def test_rollback_an_older_repository_is_refused_even_by_a_box_that_lost_its_metadata(box: Box, hub: Hub, forgetful: bool) -> None:
    shutil.copytree(hub.folder, hub.folder.parent / "old")
    hub.publish(10)
    assert box.look()["version"] == 2
    if forgetful:
        shutil.rmtree(kept(box.layout))
    box.wire.true = Folder(hub.folder.parent / "old")
    refused(box, "rollback")


def test_rollback_an_older_serial_newly_signed_is_refused(box: Box, hub: Hub) -> None:
    hub.publish(10)
    box.look()
    hub.serial = 0
    hub.publish(10)
    refused(box, "rollback")


def test_freeze_what_has_expired_is_served_with_a_banner_and_the_reason_told(tmp_path: Path) -> None:
    hub = Hub.__new__(Hub)
    hub.folder, hub.keys, hub.serial = tmp_path / "hub" / "repository", tmp_path / "hub" / "keys", 0
    keys.ensure(hub.keys)
    hub.at(-40).begin()
    hub.publish(10, days=-40)
    box = Box(tmp_path / "box", hub)
    box.look()
    told = box.look()
    assert (told["state"], told["expired"], box.services) == ("expired", True, 10) and "expired" in told["why"]


@pytest.mark.parametrize("role", ["targets", "snapshot"])
def test_mix_and_match_an_older_part_under_a_newer_name_is_refused(box: Box, hub: Hub, role: str) -> None:
    older = hub.newest(role).read_bytes()
    hub.publish(10)
    hub.newest(role).write_bytes(older)
    refused(box, "rollback")


def test_mix_and_match_a_file_of_another_edition_is_refused(box: Box, hub: Hub) -> None:
    older = hub.target().read_bytes()
    hub.publish(11)
    hub.target().write_bytes(older)
    refused(box, "length or hash")


def test_mix_and_match_an_organisations_part_left_out_of_the_snapshot_is_refused(tmp_path: Path) -> None:
    hub, box, key = with_layer(tmp_path)
    role = hub.at().delegated[0]
    hub.publish(0, CATALOGUE)
    resign(hub, hub.newest("snapshot"), lambda signed: signed.meta.pop(f"{role}.json"), key_of(hub, "snapshot"))
    told = box.look()
    assert told["state"] == "refused" and box.services == 2


def test_key_rotation_is_followed_and_the_old_key_is_worth_nothing(box: Box, hub: Hub) -> None:
    drawer, stolen = hub.folder.parent / "drawer", {role: key_of(hub, role) for role in ("targets", "snapshot", "timestamp")}
    rotation.take_offline(hub.at(), drawer)
    for role in stolen:
        rotation.rotate(hub.at(0, drawer), role)
    hub.publish(10)
    assert (box.look()["state"], box.look()["state"]) == ("updated", "current")
    hub.publish(9)
    path = hub.folder / "metadata" / "timestamp.json"
    resign(hub, path, lambda signed: setattr(signed, "version", 99), stolen["timestamp"])
    refused(box, "signature")


def test_key_rotation_a_root_that_too_few_signed_is_refused(box: Box, hub: Hub) -> None:
    rotation.rotate(hub.at(), "targets")
    hub.publish(9)
    path = hub.folder / "metadata" / "2.root.json"
    resign(hub, path, lambda signed: None, key_of(hub, "root-1"))
    refused(box, "signature")


def test_key_rotation_a_root_of_strangers_is_refused(box: Box, hub: Hub) -> None:
    strangers = [CryptoSigner.generate_ed25519() for _ in range(3)]

    def take_over(signed: Any) -> None:
        signed.version = 2
        for keyid in list(signed.roles["root"].keyids):
            signed.revoke_key(keyid, "root")
        for signer in strangers:
            signed.add_key(signer.public_key, "root")

    path = hub.folder / "metadata" / "2.root.json"
    shutil.copy(hub.folder / "metadata" / "1.root.json", path)
    resign(hub, path, take_over, *strangers)
    refused(box, "signature")


@pytest.mark.parametrize("change", [lambda content: content + b"x", lambda content: content[:-1], lambda content: b""])
def test_wrong_length_a_file_that_is_longer_or_shorter_is_refused(box: Box, hub: Hub, change: Callable[[bytes], bytes]) -> None:
    hub.publish(11)
    path = hub.target()
    path.write_bytes(change(path.read_bytes()))
    told = box.look()
    assert told["state"] in ("refused", "offline") and told["why"] and box.services == 10


def test_wrong_length_a_file_larger_than_allowed_is_refused_before_a_byte_of_it_is_fetched(box: Box, hub: Hub) -> None:
    hub.publish(11)

    def swell(signed: Any) -> None:
        ((_, target),) = signed.targets.items()
        target.length = LARGEST_FILE + 1

    resign(hub, hub.newest("targets"), swell, key_of(hub, "targets"))
    box.wire.lies[".zst"] = lambda: iter(())
    refused(box, "too large")
    assert box.wire.drawn == 0


def _endless() -> Iterator[bytes]:
    while True:
        yield b" " * 16_384


@pytest.mark.parametrize("name", ["timestamp.json", "3.snapshot.json", "3.targets.json", "2.root.json", ".zst"])
def test_endless_data_is_cut_off(box: Box, hub: Hub, name: str) -> None:
    hub.publish(11)
    box.wire.lies[name] = _endless
    told = box.look()
    assert told["state"] in ("refused", "offline") and told["why"] and box.services == 10
    assert 0 < box.wire.drawn < 8_000_000
