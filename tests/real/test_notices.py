"""A running camp: two people at the hub write and approve, every phone reads it seconds later, and what is taken back is gone."""

from __future__ import annotations

import base64
import datetime
import json
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from appliance import facts
from appliance.layout import Layout
from content_cache import snapshot
from content_cache.publish import desk_file, publisher
from content_cache.snapshot import Catalogue
from provisioning.lab import places
from provisioning.lab.pace import patient
from telemetry.dashboard import people
from tests.content_cache.data import real
from tests.real.running_camp import RunningCamp, until

pytestmark = pytest.mark.net
WATER, ARABIC = "No water in block 5 until noon.", "لا ماء في القطاع 5 حتى الظهر."
CONTACT = patient(60.0)
"""Seconds that a box in touch may take."""


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


class Desk:
    """The hub's desk as two people use it, each by name and password."""

    def __init__(self, camp: RunningCamp) -> None:
        self.url = camp.state["hub_url"].rstrip("/")
        self.layout = Layout.under(Path(camp.state["hub"]["data_dir"]).parent, places.APP)
        self.passwords = {name: people.add(self.layout, name) for name in ("amal", "bilal")}

    def send(self, who: str, path: str, **form: str) -> int:
        """Send a form; the status that comes back."""
        login = base64.b64encode(f"{who}:{self.passwords[who]}".encode()).decode()
        data = urllib.parse.urlencode(form).encode()
        request = urllib.request.Request(self.url + path, data, {"Authorization": f"Basic {login}"})
        try:
            return int(urllib.request.build_opener(_Stay).open(request, timeout=patient(60)).status)
        except urllib.error.HTTPError as error:
            return error.code

    def decide(self, path: str, **form: str) -> str:
        """One writes, the other approves; the name of the thing."""
        assert self.send("amal", path, **form) == 303
        id = next(one.id for one in desk_file.load(self.layout).items if one.state == "waiting")
        assert self.send("amal", f"/desk/{id}/approve") == 409, "nobody approves their own"
        assert self.send("bilal", f"/desk/{id}/approve") == 303
        return id


@pytest.fixture
def desk(camp: RunningCamp) -> Iterator[Desk]:
    made = Desk(camp)
    yield made
    for one in desk_file.load(made.layout).items:
        if one.state == "live":
            made.send("amal", f"/desk/{one.id}/end")


def page(camp: RunningCamp, path: str) -> str:
    """A page of the box, through its front."""
    try:
        with urllib.request.urlopen(camp.state["portal_url"].rstrip("/") + path, timeout=patient(60)) as answer:
            return str(answer.read().decode())
    except urllib.error.HTTPError as error:
        return f"status {error.code}"


def seconds(question: Callable[[], object], what: str) -> float:
    """How long until it is so."""
    begin = time.monotonic()
    until(question, CONTACT, what)
    took = time.monotonic() - begin
    print(f"{what}: {took:.1f} s")
    return took


def always(question: Callable[[], bool]) -> bool:
    """Whether each of the front's processes says so: they keep an open file for up to 5 s."""
    return all(question() for _ in range(6))


def notice(**changed: str) -> dict[str, str]:
    end = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=2)
    usual = {"source": "Camp management", "priority": "urgent", "written": "en", "until": end.strftime("%Y-%m-%dT%H:%M")}
    return {**usual, "text-en": WATER, "text-ar": ARABIC, **changed}


def test_notices_and_numbers_are_on_every_page_in_touch_and_gone_when_they_are_taken_back(camp: RunningCamp, desk: Desk) -> None:
    tags = json.loads(camp.layout.config_file.read_text().partition("languages = ")[2].splitlines()[0])
    assert 'href="tel:911"' in page(camp, "/ar/emergency")
    desk.decide("/notices/numbers", **{"number-ambulance": "193", "number-camp": "+962 6 500 0000"})
    id = desk.decide("/notices", **notice())
    seconds(
        lambda: all((ARABIC if tag == "ar" else WATER) in page(camp, f"/{tag}/") for tag in tags), "approved -> every first page"
    )
    until(
        lambda: all(number in page(camp, "/en/emergency") for number in ("tel:193", "tel:+96265000000", WATER)),
        CONTACT,
        "emergency",
    )
    until(lambda: always(lambda: 'href="tel:911"' not in page(camp, "/en/emergency")), CONTACT, "the site file's number is gone")
    assert desk.send("bilal", f"/desk/{id}/end") == 303
    seconds(lambda: always(lambda: not any("Camp management" in page(camp, f"/{tag}/") for tag in tags)), "taken back -> gone")


def test_a_corrected_service_is_on_the_box_in_touch(camp: RunningCamp, desk: Desk) -> None:
    (one,) = json.loads(page(camp, "/hsds/services?per_page=1"))["contents"]
    before = json.loads(camp.hub("/api/v1/catalogue"))["published"]["serial"]
    form = {
        "status": "temporarily closed",
        "alert-en": "Moved to block 7.",
        "days-0": "MO",
        "opens-0": "09:00",
        "closes-0": "17:00",
    }
    desk.decide(f"/catalogue-admin/services/{one['id']}", **form)
    assert json.loads(camp.hub("/api/v1/catalogue"))["published"]["serial"] == before + 1
    seconds(lambda: "Moved to block 7." in page(camp, f"/en/services/{one['id']}"), "corrected -> on the box")
    # The front gives a page that is being renewed to one reader more.
    until(
        lambda: json.loads(page(camp, f"/hsds/services/{one['id']}"))["status"] == "temporarily closed",
        CONTACT,
        "the API says so too",
    )
    whole = json.loads(page(camp, f"/hsds/services/{one['id']}"))
    assert [s["opens_at"] for s in whole["schedules"]] == ["09:00"]
    box = camp.state["box"]["id"]
    until(
        lambda: f'href="/boxes/{box}"' in camp.hub("/catalogue-admin").partition("the newest")[2][:400],
        CONTACT,
        "the hub knows that it has it",
    )


def without(catalogue: Catalogue, services: int) -> Catalogue:
    """The catalogue with no more services than that, and nothing that belonged to the others."""
    gone = {one.id for one in [one for one in catalogue.records if one.entity == "service"][services:]}
    kept = list(catalogue.records)
    while len(kept) > len(kept := [one for one in kept if one.id not in gone and not gone & set(one.values.values())]):
        gone = {one.id for one in catalogue.records} - {one.id for one in kept}
    return replace(catalogue, records=tuple(kept), translations=tuple(one for one in catalogue.translations if one.id not in gone))


def test_a_catalogue_that_loses_much_waits_for_a_persons_word(camp: RunningCamp, desk: Desk) -> None:
    real("jordan", "services.json")  # of the invented sample nothing is missed, so nothing is held
    whole = snapshot.read(publisher.read_current(desk.layout))
    few = whole.count("service") // 2
    publisher.republish(desk.layout, lambda current: without(current, few))
    try:
        hash_ = re.compile(r'name="hash" value="([0-9a-f]{64})"')
        seconds(lambda: hash_.search(camp.hub("/catalogue-admin")), "held at the box -> on the hub's page")
        before = facts.read(camp.layout, "sync")
        assert (before["state"], before["services"]) == ("held", whole.count("service"))
        found = hash_.search(camp.hub("/catalogue-admin"))
        assert found and desk.send("bilal", "/catalogue-admin/release", hash=found[1]) == 303
        seconds(lambda: facts.read(camp.layout, "sync")["services"] == few, "released -> taken")
    finally:
        publisher.republish(desk.layout, lambda _current: whole)
        until(lambda: facts.read(camp.layout, "sync")["services"] == whole.count("service"), CONTACT, "all services are back")
