"""Publishing: keys kept private, every publication signed and newer than the last, nothing unaccounted published."""

from __future__ import annotations

import datetime
import hashlib
import stat
from pathlib import Path

import pytest
import zstandard
from tuf.api.metadata import Metadata, Root, Targets

from appliance.errors import BadInput, NotSo, Refused
from appliance.hub_config import HubConfig
from appliance.layout import Layout
from content_cache import patches, snapshot
from content_cache.publish import publisher
from content_cache.publish.edition import NewFile
from content_cache.publish.importers.report import Entry, Imported, Report
from content_cache.publish.publisher import Place
from content_cache.publish.signing import KEPT_FILES, LIFE, SignedRepository
from content_cache.targets import File, Offer, offer
from tests.content_cache.data import PROJECT, many


def imported(count: int, *, forgotten: int = 0) -> Imported:
    made = many(count)
    entries = tuple(Entry("en", n, str(n), "kept", None) for n in range(1, count + 1 - forgotten))
    return Imported(made.records, made.translations, Report({"en": count}, entries), "en", ("en",), "A test", sample=False)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout.under(tmp_path, PROJECT)


def publish(layout: Layout, count: int) -> int:
    return publisher.publish(layout, imported(count), site="camp-1", timezone="Asia/Amman").serial


def test_a_hub_is_prepared_with_private_keys_and_a_signed_empty_repository(layout: Layout) -> None:
    publisher.prepare(layout, HubConfig("hub.test"))
    place = Place.of(layout)
    assert {stat.S_IMODE(path.stat().st_mode) for path in place.keys.iterdir()} == {0o600}
    assert stat.S_IMODE(place.keys.stat().st_mode) == 0o700
    root = Metadata[Root].from_file(str(place.repository / "metadata" / "root.json"))
    assert root.signed.roles["root"].threshold == 2 and len(root.signed.roles["root"].keyids) == 3
    root.verify_delegate("root", root)
    assert publisher.current(layout) is None and (place.repository / "metadata" / "timestamp.json").exists()


def test_preparing_again_changes_nothing(layout: Layout) -> None:
    publisher.ensure(layout)
    before = {path: path.read_bytes() for path in Place.of(layout).folder.rglob("*") if path.is_file()}
    publisher.ensure(layout)
    assert {path: path.read_bytes() for path in Place.of(layout).folder.rglob("*") if path.is_file()} == before


def test_the_front_may_read_the_repository_and_nothing_else(layout: Layout) -> None:
    publish(layout, 1)
    for path in Place.of(layout).repository.rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) & 0o055 == (0o055 if path.is_dir() else 0o044), path
    assert stat.S_IMODE(Place.of(layout).report.stat().st_mode) & 0o007 == 0


def test_each_publication_has_a_higher_serial(layout: Layout) -> None:
    assert [publish(layout, count) for count in (1, 2, 1)] == [1, 2, 3]
    assert snapshot.read(publisher.read_current(layout)).count("service") == 1


def test_the_target_is_named_by_its_hash(layout: Layout) -> None:
    publish(layout, 1)
    place = Place.of(layout)
    targets = Metadata[Targets].from_file(str(place.repository / "metadata" / "2.targets.json")).signed.targets
    ((name, target),) = targets.items()
    assert (place.repository / "targets" / f"{target.hashes['sha256']}.{name}").exists()
    assert name == "catalogue-1.zst"


def test_a_changed_target_is_not_read(layout: Layout) -> None:
    publish(layout, 1)
    (file,) = (Place.of(layout).repository / "targets").iterdir()
    file.write_bytes(file.read_bytes() + b"x")
    with pytest.raises(NotSo, match="not the signed one"):
        publisher.read_current(layout)


def test_a_report_that_forgets_a_record_is_not_published(layout: Layout) -> None:
    with pytest.raises(Refused, match="does not account"):
        publisher.publish(layout, imported(3, forgotten=1), site="camp-1", timezone="Asia/Amman")
    assert publisher.current(layout) is None


def test_an_empty_import_is_not_published(layout: Layout) -> None:
    with pytest.raises(Refused, match="no service"):
        publisher.publish(layout, imported(0), site="camp-1", timezone="Asia/Amman")


def test_a_lost_key_is_named_and_not_replaced(layout: Layout) -> None:
    publisher.ensure(layout)
    (Place.of(layout).keys / "targets.pem").unlink()
    with pytest.raises(NotSo, match="signing keys are missing: targets"):
        publisher.ensure(layout)


def test_what_grows_old_is_signed_anew(layout: Layout) -> None:
    publish(layout, 1)
    place = Place.of(layout)
    now = datetime.datetime.now(datetime.UTC)
    soon, later = now + datetime.timedelta(days=1), now + datetime.timedelta(days=LIFE["timestamp"] * 0.6)
    assert not SignedRepository(place.repository, place.keys, soon).renew()
    repository = SignedRepository(place.repository, place.keys, later)
    before = repository.timestamp()
    assert repository.renew()
    after = repository.timestamp()
    assert after.version == before.version + 1 and after.expires > before.expires
    current = repository.current()
    assert current is not None and current.serial == 1


def test_old_files_do_not_pile_up(layout: Layout) -> None:
    for count in range(1, 14):
        publish(layout, count)
    place = Place.of(layout)
    assert len(list((place.repository / "targets").iterdir())) <= 11 + KEPT_FILES
    assert len(list(place.history.iterdir())) == 10
    assert len(list((place.repository / "metadata").glob("*.targets.json"))) <= 10
    assert snapshot.read(publisher.read_current(layout)).count("service") == 13


def _offer(layout: Layout) -> Offer:
    repository = SignedRepository(Place.of(layout).repository, Place.of(layout).keys, datetime.datetime.now(datetime.UTC))
    named = repository.targets().targets.items()
    found = offer((name, target.length, target.hashes["sha256"], target.custom or {}) for name, target in named)
    assert found is not None
    return found


def _file(layout: Layout, file: File) -> bytes:
    return (Place.of(layout).repository / "targets" / f"{file.sha256}.{file.name}").read_bytes()


def test_from_each_of_the_last_ten_a_patch_leads_to_the_newest(layout: Layout) -> None:
    kept = dict[int, bytes]()
    for count in range(100, 112):
        serial = publish(layout, count)
        kept[serial] = patches.open_full(_file(layout, _offer(layout).edition.file), _offer(layout).edition).lean
    offered, canonical = _offer(layout), publisher.read_current(layout)
    assert set(offered.patches) == set(range(2, 12)) and offered.edition.serial == 12
    for base, patch in offered.patches.items():
        assert patches.open_patch(_file(layout, patch.file), kept[base], offered.edition).canonical == canonical
        assert patch.file.length < offered.edition.file.length / 2


def test_a_damaged_base_costs_its_patch_and_nothing_else(layout: Layout) -> None:
    publish(layout, 100)
    publish(layout, 101)
    (Place.of(layout).history / "1.lean.zst").write_bytes(b"junk")
    assert publish(layout, 102) == 3 and set(_offer(layout).patches) == {2}


def test_a_patch_to_another_base_is_refused(layout: Layout) -> None:
    for count in (100, 101, 102):
        publish(layout, count)
    offered = _offer(layout)
    wrong = _file(layout, offered.edition.file)
    with pytest.raises((BadInput, Refused)):
        patches.open_patch(_file(layout, offered.patches[2].file), wrong, offered.edition)


def test_the_pieces_of_each_file_are_named_by_their_hashes(layout: Layout) -> None:
    publish(layout, 100)
    publish(layout, 101)
    offered = _offer(layout)
    for file in (offered.edition.file, offered.patches[1].file):
        content = _file(layout, file)
        pieces = [content[at : at + file.piece] for at in range(0, len(content), file.piece)]
        assert [hashlib.sha256(piece).hexdigest()[:32] for piece in pieces] == list(file.pieces)


def test_small_files_beside_the_catalogue_stay_when_it_is_published_again(layout: Layout) -> None:
    publish(layout, 1)
    publisher.put(layout, "notices.json", b"[]", {"kind": "notices"})
    publish(layout, 2)
    repository = SignedRepository(Place.of(layout).repository, Place.of(layout).keys, datetime.datetime.now(datetime.UTC))
    target = repository.targets().targets["notices.json"]
    assert repository.file("notices.json", target).read_bytes() == b"[]"


def test_a_catalogue_of_an_earlier_version_is_published_anew_at_the_next_start(layout: Layout) -> None:
    publish(layout, 3)
    place = Place.of(layout)
    repository = SignedRepository(place.repository, place.keys, datetime.datetime.now(datetime.UTC))
    packed = zstandard.compress(publisher.read_current(layout))
    repository.publish([NewFile("catalogue-2026-11-01.jsonl.zst", packed, {"kind": "catalogue", "serial": 5, "services": 3})])
    publisher.ensure(layout)
    assert _offer(layout).edition.serial == 6 and snapshot.read(publisher.read_current(layout)).count("service") == 3


@pytest.mark.parametrize("what", ["*.patch-1-2.zst", "*.catalogue-2.zst"])
def test_looking_through_finds_a_file_that_was_changed(layout: Layout, what: str) -> None:
    publish(layout, 100)
    publish(layout, 101)
    with publisher.opened(layout) as repository:
        assert repository.look_through() == 2
        (file,) = (Place.of(layout).repository / "targets").glob(what)
        file.write_bytes(file.read_bytes()[:-1] + b"x")
        with pytest.raises(NotSo, match="not what was signed"):
            repository.look_through()
