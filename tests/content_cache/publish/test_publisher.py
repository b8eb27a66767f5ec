"""Publishing: keys kept private, every publication signed and newer than the last, nothing unaccounted published."""

from __future__ import annotations

import datetime
import stat
from pathlib import Path

import pytest
from tuf.api.metadata import Metadata, Root, Targets

from appliance.errors import NotSo, Refused
from appliance.hub_config import HubConfig
from appliance.layout import Layout
from content_cache import snapshot
from content_cache.publish import publisher
from content_cache.publish.importers.report import Entry, Imported, Report
from content_cache.publish.publisher import Place
from content_cache.publish.signing import LIFE, SignedRepository
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
    assert name.startswith("catalogue-") and name.endswith(".jsonl.zst")


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
    assert len(list((place.repository / "targets").iterdir())) <= 10
    assert len(list((place.repository / "metadata").glob("*.targets.json"))) <= 10
    assert snapshot.read(publisher.read_current(layout)).count("service") == 13
