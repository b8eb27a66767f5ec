"""Attacks on the signed repository (TUF specification 1.0, section 1.5.2), through all the code that verifies: the box refuses,
goes on showing the catalogue it has, and tells the reason, which telemetry sends to the dashboard."""

from __future__ import annotations

import contextlib
import datetime
import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import Metadata, MetaFile

from appliance import facts
from content_cache import layers, snapshot
from content_cache.carrier import Answer
from content_cache.catalogue_store import FILE, Store
from content_cache.fetch import Source
from content_cache.folder_carrier import Folder
from content_cache.publish import delegation, keys, rotation
from content_cache.publish.edition import edition
from content_cache.publish.signing import SignedRepository
from content_cache.refresh import Sync
from content_cache.sources import kept
from content_cache.targets import LARGEST_FILE
from tests.content_cache.data import many
from tests.content_cache.site import place, site
from tests.content_cache.test_layers import CATALOGUE, OWN, SCHOOL, clinic

NOW = datetime.datetime.now(datetime.UTC)


class Hub:
    """A real repository in a folder, at any time; ``publish`` signs a catalogue of so many clinics."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.keys, self.serial = folder / "repository", folder / "keys", 0
        keys.ensure(self.keys)
        self.at().begin()

    def at(self, days: float = 0, *drawers: Path) -> SignedRepository:
        return SignedRepository(self.folder, self.keys, NOW + datetime.timedelta(days=days), drawers)

    def publish(self, services: int, catalogue: Any = None, days: float = 0) -> None:
        self.serial += 1
        made = catalogue or many(services)
        self.at(days).publish(edition(made, snapshot.write(made), self.serial, {}).files)

    def newest(self, role: str) -> Path:
        path = self.at().newest(role)
        assert path is not None
        return path

    def target(self) -> Path:
        ((name, target),) = self.at().targets().targets.items()
        return self.at().file(name, target)


class Wire:
    """Carries the folder as the hub's web server would; what stands in ``lies`` is answered in its place."""

    place, metered, name = "hub", False, "hub"

    def __init__(self, folder: Path) -> None:
        self.true, self.lies, self.drawn = Folder(folder), dict[str, Callable[[], Iterator[bytes]]](), 0

    @contextlib.contextmanager
    def get(self, path: str, headers: Mapping[str, str]) -> Iterator[Answer]:
        for end, lie in self.lies.items():
            if path.endswith(end):
                yield Answer(200, {}, self._counted(lie()))
                return
        with self.true.get(path, headers) as answer:
            yield answer

    def _counted(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        for piece in pieces:
            self.drawn += len(piece)
            yield piece


class Box:
    """A box that trusts the hub's first root and holds ten services."""

    def __init__(self, folder: Path, hub: Hub) -> None:
        self.layout, self.wire = place(folder), Wire(hub.folder)
        self.root = (hub.folder / "metadata" / "1.root.json").read_bytes()

    def look(self) -> dict[str, Any]:
        Sync(site(), self.layout, [Source(self.wire, self.root, kept(self.layout), lambda seconds: None)]).run()
        return facts.read(self.layout, "sync")

    @property
    def services(self) -> int:
        about = Store(self.layout.service_data("content") / FILE).about()
        return about.services if about else 0


@pytest.fixture
def hub(tmp_path: Path) -> Hub:
    made = Hub(tmp_path / "hub")
    made.publish(10)
    return made


@pytest.fixture
def box(tmp_path: Path, hub: Hub) -> Box:
    made = Box(tmp_path / "box", hub)
    assert made.look()["state"] == "updated" and made.services == 10
    return made


def refused(box: Box, why: str) -> None:
    """Refused with this reason, and the ten services still stand."""
    told = box.look()
    assert told["state"] == "refused" and why in told["why"], told
    assert box.services == 10 and told["services"] == 10


def resign(hub: Hub, path: Path, change: Callable[[Any], None], *signers: CryptoSigner) -> None:
    """Change metadata and sign it anew with these keys."""
    metadata: Metadata[Any] = Metadata.from_file(str(path))
    change(metadata.signed)
    metadata.signatures.clear()
    for signer in signers:
        metadata.sign(signer, append=True)
    path.write_bytes(metadata.to_bytes())


def key_of(hub: Hub, role: str) -> CryptoSigner:
    return keys.load(hub.keys / f"{role}.pem")


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
    hub, box, key = _with_layer(tmp_path)
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


def _with_layer(folder: Path, *lines: dict[str, Any]) -> tuple[Hub, Box, CryptoSigner]:
    """A box that holds a catalogue of two services with one organisation's layer over it."""
    hub, key = Hub(folder / "hub"), CryptoSigner.generate_ed25519()
    hub.publish(0, CATALOGUE)
    delegation.allow(hub.at(), OWN, key.public_key)
    content = "".join(json.dumps(one) + "\n" for one in lines or (clinic(alert="Closed today"),)).encode()
    delegation.accept(hub.at(), OWN, delegation.sign(OWN, content, key, NOW), content, CATALOGUE)
    box = Box(folder / "box", hub)
    assert box.look()["state"] == "updated" and box.services == 2
    return hub, box, key


def test_an_organisations_own_word_reaches_the_box(tmp_path: Path) -> None:
    hub, box, _ = _with_layer(tmp_path)
    service = Store(box.layout.service_data("content") / FILE).service(clinic()["id"])
    assert service is not None and service.document["alert"] == "Closed today"
    assert box.look()["state"] == "current"
    delegation.withdraw(hub.at(), OWN)
    assert box.look()["state"] == "updated"


def _forge(hub: Hub, key: CryptoSigner, content: bytes, name: str = "") -> None:
    """What a dishonest hub or organisation could do: sign it past every check of the hub's."""
    repository, role = hub.at(), hub.at().delegated[0]
    later = NOW + datetime.timedelta(hours=2)
    signed: Metadata[Any] = Metadata.from_bytes(delegation.sign(OWN, content, key, later))
    target = signed.signed.targets.pop(layers.target(OWN))
    signed.signed.targets[name or layers.target(OWN)] = target
    signed.sign(key)
    path = repository.file(name or layers.target(OWN), target)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    repository.write(role, signed)
    repository.close_edit()


def test_a_delegated_role_signing_anothers_services_is_refused_by_the_box(tmp_path: Path) -> None:
    hub, box, key = _with_layer(tmp_path)
    _forge(hub, key, (json.dumps(clinic(id=SCHOOL, name="Closed for ever")) + "\n").encode())
    told = box.look()
    assert told["state"] == "refused" and f"organisation {OWN} may not sign for the service {SCHOOL}" in told["why"]
    school = Store(box.layout.service_data("content") / FILE).service(SCHOOL)
    assert school is not None and school.document["name"] == "School" and box.services == 2


def test_a_delegated_role_cannot_sign_a_catalogue(tmp_path: Path) -> None:
    hub, box, key = _with_layer(tmp_path)
    _forge(hub, key, hub.target().read_bytes(), "catalogue-99.zst")
    told = box.look()
    assert told["version"] == 1 and box.services == 2


def test_a_delegated_role_signed_by_another_key_is_refused(tmp_path: Path) -> None:
    hub, box, _ = _with_layer(tmp_path)
    _forge(hub, CryptoSigner.generate_ed25519(), b"\n")
    told = box.look()
    assert told["state"] == "refused" and "signature" in told["why"] and box.services == 2


def test_an_organisations_older_word_is_refused(tmp_path: Path) -> None:
    hub, box, _ = _with_layer(tmp_path)
    role = hub.at().delegated[0]

    def back(signed: Any) -> None:
        signed.meta[f"{role}.json"] = MetaFile(1)
        signed.version += 1

    repository = hub.at()
    path = hub.folder / "metadata" / f"{repository.snapshot().version + 1}.snapshot.json"
    shutil.copy(hub.newest("snapshot"), path)
    resign(hub, path, back, key_of(hub, "snapshot"))
    hub.at().do_timestamp()
    told = box.look()
    assert told["state"] == "refused" and "rollback" in told["why"] and box.services == 2
