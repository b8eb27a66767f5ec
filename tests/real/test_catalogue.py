"""The catalogue end to end: published, fetched over TLS, verified, stored, served; attacked and killed on the way."""

from __future__ import annotations

import datetime
import json
import shutil
import threading
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from appliance.config import parse
from content_cache.app import create_app
from content_cache.catalogue_store import Store
from content_cache.publish import publisher
from content_cache.publish.publisher import Place
from content_cache.publish.signing import LIFE, SignedRepository
from tests.content_cache.data import PROJECT, real
from tests.real import hub_repository
from tests.real.hub_repository import Box, Hub

pytestmark = [pytest.mark.net, pytest.mark.loopback]
place, hub = hub_repository.place, hub_repository.hub


@pytest.fixture
def box(place: Path, hub: Hub) -> Box:
    """A box that has the hub's catalogue of ten services."""
    hub.publish(10)
    made = Box(place / "box", hub)
    assert made.sync()["state"] == "updated" and made.services() == 10
    return made


def _publish_jordan(hub: Hub, english: str, *translated: str) -> None:
    files = {"en": real("jordan", *english.split("/")).read_bytes()}
    for name in translated:
        files["ar"] = real("jordan", name).read_bytes()
    publisher.publish_services_advisor(hub.layout, files, site="jordan", timezone="Asia/Amman", country="JO")


def test_the_real_catalogue_reaches_the_box_and_its_pages(place: Path, hub: Hub) -> None:
    _publish_jordan(hub, "services.json", "services_ar.json")
    report = publisher.report(hub.layout)
    assert report["read"] == {"en": 562, "ar": 562} and report["agrees"] and sum(report["sums"]["en"].values()) == 562
    box = Box(place / "box", hub)
    told = box.sync()
    assert (told["state"], told["services"], told["version"], told["sample"]) == ("updated", 562, 1, False)
    assert box.services() == 562
    browser = create_app(parse((PROJECT / "examples" / "site.toml").read_text()), box.layout).test_client()
    assert "مساعدة نقدية" in browser.get("/ar/services").get_data(as_text=True)
    assert "إمكانية الحصول على المياه" in browser.get("/ar/services/search?q=المياه").get_data(as_text=True)
    assert browser.get("/hsds/services").get_json()["total_items"] == 562
    assert box.sync()["state"] == "current"


def test_a_version_that_loses_most_services_is_held(place: Path, hub: Hub) -> None:
    _publish_jordan(hub, "services.json")
    box = Box(place / "box", hub)
    box.sync()
    (first,) = real("jordan", "history").glob("01-*.json")
    _publish_jordan(hub, f"history/{first.name}")
    told = box.sync()
    assert told["state"] == "held" and told["why"].startswith("held: 470 of 562") and box.services() == 562


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))


def _newest(hub: Hub, role: str) -> Path:
    return max((hub.repository / "metadata").glob(f"*.{role}.json"), key=lambda path: int(path.name.split(".")[0]))


def _change_version(path: Path) -> None:
    document = json.loads(path.read_text())
    document["signed"]["version"] += 100
    path.write_text(json.dumps(document))


@pytest.mark.parametrize("attack", ["timestamp", "snapshot", "targets", "target", "target longer", "new root"])
def test_anything_changed_at_the_hub_is_refused_with_its_reason(box: Box, hub: Hub, attack: str) -> None:
    metadata, targets = hub.repository / "metadata", hub.repository / "targets"
    before = set(targets.iterdir())
    hub.publish(12)
    new = set(targets.iterdir()) - before
    assert len(new) == 2, "the whole catalogue and a patch to it"
    if attack == "timestamp":
        _change_version(metadata / "timestamp.json")
    elif attack in ("snapshot", "targets"):
        document = json.loads(_newest(hub, attack).read_text())
        document["signed"]["expires"] = "2099-01-01T00:00:00Z"
        _newest(hub, attack).write_text(json.dumps(document))
    elif attack == "target":
        for path in new:
            _flip(path)
    elif attack == "target longer":
        for path in new:
            path.write_bytes(path.read_bytes() + b"x" * 100)
    else:
        document = json.loads((metadata / "root.json").read_text())
        document["signed"]["version"] = 2
        (metadata / "2.root.json").write_text(json.dumps(document))
    told = box.sync()
    assert told["state"] == "refused" and ("signature" in told["why"] or "length or hash" in told["why"]), told
    assert (told["version"], told["services"]) == (1, 10) and box.services() == 10


def test_an_allowed_change_arrives_after_a_refused_one(box: Box, hub: Hub) -> None:
    hub.keep("good")
    _change_version(hub.repository / "metadata" / "timestamp.json")
    assert box.sync()["state"] == "refused"
    hub.restore("good")
    hub.publish(12)
    told = box.sync()
    assert (told["state"], told["why"], told["services"]) == ("updated", "", 12) and box.services() == 12


@pytest.mark.parametrize("forgetful", [False, True])
def test_an_older_repository_is_refused(box: Box, hub: Hub, forgetful: bool) -> None:
    hub.keep("old")
    hub.publish(12)
    assert box.sync()["services"] == 12
    hub.restore("old")
    if forgetful:
        shutil.rmtree(box.layout.service_data("content") / "tuf")
    told = box.sync()
    assert told["state"] == "refused" and "rollback" in told["why"] and box.services() == 12


def test_a_repository_frozen_until_it_expired_is_told_of_and_the_catalogue_stays(box: Box, hub: Hub) -> None:
    keys = Place.of(hub.layout).keys
    past = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=LIFE["timestamp"] + 1)
    SignedRepository(hub.repository, keys, past).do_timestamp(force=True)
    told = box.sync()
    assert told["state"] == "expired" and told["expired"] and "expired" in told["why"] and box.services() == 10


def test_another_hub_with_other_keys_is_refused(place: Path, box: Box, hub: Hub) -> None:
    stranger = Hub(place / "stranger")
    stranger.publish(50)
    stranger.publish(50)
    shutil.rmtree(hub.repository)
    shutil.copytree(stranger.repository, hub.repository)
    told = box.sync()
    assert told["state"] == "refused" and box.services() == 10
    stranger.close()


def test_a_hub_that_cannot_prove_itself_is_not_asked(place: Path, box: Box, hub: Hub) -> None:
    stranger = Hub(place / "stranger")
    box.enrol(hub, authority=stranger)
    hub.publish(12)
    told = box.sync()
    assert told["state"] == "offline" and "SSLCertVerificationError" in told["why"] and box.services() == 10
    stranger.close()


def test_endless_data_is_cut_off(box: Box, hub: Hub) -> None:
    sent = []

    def endless(request: BaseHTTPRequestHandler) -> bool:
        if "timestamp" not in request.path:
            return False
        request.send_response(200)
        request.end_headers()
        try:
            while sum(sent) < 200_000_000:
                request.wfile.write(b" " * 65_536)
                sent.append(65_536)
        except OSError:
            pass
        return True

    hub.hook = endless
    told = box.sync()
    assert told["state"] == "refused" and sum(sent) < 20_000_000 and box.services() == 10


def test_a_line_cut_in_the_middle_is_offline_and_mends_itself(box: Box, hub: Hub) -> None:
    hub.publish(12)

    def cut(request: BaseHTTPRequestHandler) -> bool:
        if "/targets/" not in request.path:
            return False
        request.send_response(200)
        request.send_header("Content-Length", "100000")
        request.end_headers()
        request.wfile.write(b"x" * 10)
        request.close_connection = True
        return True

    hub.hook = cut
    assert box.sync()["state"] in ("offline", "refused") and box.services() == 10
    hub.hook = None
    assert box.sync()["state"] == "updated" and box.services() == 12


def test_without_a_network_the_old_one_stays_and_sync_ends_well(box: Box, hub: Hub) -> None:
    hub.close()
    assert box.sync()["state"] == "offline" and box.services() == 10


def test_killed_at_any_moment_the_store_is_whole_and_readers_see_no_mixture(box: Box, hub: Hub) -> None:
    seen, ended = set[int](), threading.Event()

    def read() -> None:
        store = Store(box.file)
        while not ended.is_set():
            about = store.about()
            total = store.of_need("health", 0, 1)[0]
            if about == store.about():
                seen.add(total)
                assert about is not None and about.services == total

    reader = threading.Thread(target=read)
    reader.start()
    allowed = {10}
    halves = 0
    number = 0
    while number < 4 or (not halves and number < 30):  # on a busy machine one that writes may be over before it is seen
        hub.publish(100 + number)
        allowed.add(100 + number)
        if number % 2:
            halves += box.sync_and_kill_while_writing()
        else:
            box.sync_and_kill(0.3 + 0.3 * min(number, 3))
        assert box.services() in allowed
        number += 1
    assert halves, "not one run was killed while it wrote"
    assert box.sync()["state"] in ("updated", "current") and box.services() == 99 + number
    ended.set()
    reader.join(60)
    assert seen <= allowed and 10 in seen
    leftovers = {path.name for path in box.file.parent.iterdir()}
    leftovers = {name for name in leftovers if not name.startswith("base.5.")}
    assert leftovers <= {box.file.name, "tuf", "sync.json", "lock", "parts", "layers", "repository"}, leftovers
    assert not list((box.file.parent / "parts").iterdir())
    assert not list((box.file.parent / "layers").iterdir()), "no organisation signs for itself"
