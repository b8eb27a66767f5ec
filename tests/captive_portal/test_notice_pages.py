"""Camp notices and emergency numbers on the pages that stand ready, and that those change when what they say has."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from appliance import clock, facts
from appliance.emergency import Number
from appliance.errors import NotSo
from appliance.layout import Layout
from appliance.moment import Moment
from appliance.web.languages import BY_TAG
from captive_portal.app import create_app
from captive_portal.refresher import PACE, Refresher, main
from tests.captive_portal.site import EVERY, PROJECT
from tests.captive_portal.test_board import AT, DAY, WATER
from tests.fakes.gate import FakeGate

SITE = dataclasses.replace(EVERY, emergency=(Number("all", "911"), Number("camp", "+962 6 500 0000")))
ONE = dataclasses.replace(EVERY, site=dataclasses.replace(EVERY.site, languages=("ar",)))
Clock = Callable[..., None]


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    made = Layout.under(tmp_path, PROJECT)
    for folder in (made.facts_dir, made.service_run("pages")):
        folder.mkdir(parents=True)
    return made


@pytest.fixture
def app(layout: Layout) -> Flask:
    return create_app(SITE, layout, FakeGate())


@pytest.fixture
def time_is(monkeypatch: pytest.MonkeyPatch) -> Clock:
    def is_(wall: float = AT, trust: Any = "synced") -> None:
        monkeypatch.setattr(clock, "now", lambda: Moment(wall, 100.0, trust))

    is_()
    return is_


def tell(layout: Layout, *notices: dict[str, Any]) -> None:
    facts.publish(layout, "notices", {"known": True, "notices": list(notices), "numbers": []})


def page(app: Flask, address: str) -> str:
    text: str = app.test_client().get(address, headers={"X-Real-IP": "10.44.0.9"}).text
    return text


@pytest.mark.parametrize("tag", list(BY_TAG))
def test_a_number_is_called_with_a_tap_and_written_in_ascii_in_a_direction_of_its_own(app: Flask, tag: str, time_is: Clock) -> None:
    text = page(app, f"/{tag}/emergency")
    assert re.findall(r'href="tel:([^"]*)"', text) == ["911", "+96265000000"]
    assert '<bdi dir="ltr">911</bdi>' in text and '<bdi dir="ltr">+962 6 500 0000</bdi>' in text


def test_without_numbers_the_page_says_whom_to_ask(layout: Layout) -> None:
    text = page(create_app(EVERY, layout, FakeGate()), "/en/emergency")
    assert "tel:" not in text and "Ask the staff of this place." in text


def test_the_hubs_numbers_stand_in_place_of_the_sites(app: Flask, layout: Layout) -> None:
    facts.publish(layout, "notices", {"numbers": [{"kind": "police", "number": "191"}]})
    assert re.findall(r'href="tel:([^"]*)"', page(app, "/en/emergency")) == ["191"]


def test_the_page_says_when_the_time_is_uncertain(app: Flask, time_is: Clock) -> None:
    assert "The time here is uncertain." not in page(app, "/en/emergency")
    time_is(trust="floor")
    assert "The time here is uncertain." in page(app, "/en/emergency")


def test_the_choice_of_a_language_leads_to_emergency_too(app: Flask) -> None:
    assert 'href="/emergency"' in page(app, "/")


@pytest.mark.parametrize("tag", list(BY_TAG))
def test_a_notice_stands_on_the_welcome_page_of_every_language(app: Flask, layout: Layout, tag: str, time_is: Clock) -> None:
    tell(layout, WATER)
    text, own = page(app, f"/{tag}/"), tag in WATER["texts"]  # type: ignore[operator]
    assert "Camp management" in text and (f'lang="{tag}" dir="{BY_TAG[tag].direction}">' in text or not own)
    assert ("Not yet in your language." in text) == (tag == "en" and not own)
    assert len(text) < 20_000


def test_a_notice_in_another_language_says_so(app: Flask, layout: Layout, time_is: Clock) -> None:
    tell(layout, {**WATER, "written": "ar", "texts": {"ar": "لا ماء"}})
    text = page(app, "/en/")
    assert '<p lang="ar" dir="rtl">لا ماء</p>' in text and "Not yet in your language." in text and "العربية" in text


def test_what_a_notice_says_is_text_never_a_page(app: Flask, layout: Layout, time_is: Clock) -> None:
    tell(layout, {**WATER, "source": "<b>x</b>", "texts": {"en": "<script>alert(1)</script>"}})
    text = page(app, "/en/")
    assert "<script" not in text and "<b>x" not in text and "&lt;script&gt;" in text


@pytest.mark.parametrize("place", ["emergency", "offline"])
def test_an_urgent_one_stands_on_emergency_and_offline_too(app: Flask, layout: Layout, place: str, time_is: Clock) -> None:
    tell(layout, WATER, {**WATER, "priority": "info", "texts": {"en": "Football at four."}})
    assert "No water" in page(app, f"/en/{place}") and "Football" not in page(app, f"/en/{place}")


def test_the_pages_that_stand_ready_follow_the_notices_and_the_clock(layout: Layout, time_is: Clock) -> None:
    refresher, ready = (
        Refresher(create_app(ONE, layout, FakeGate()), ONE, layout),
        layout.service_run("pages") / "ar" / "index.html",
    )
    assert refresher.look() and "Camp management" not in ready.read_text()
    assert not refresher.look()
    tell(layout, WATER)
    assert refresher.look() and "لا ماء اليوم." in ready.read_text() and not refresher.look()
    time_is(AT + DAY)
    assert refresher.look() and "لا ماء اليوم." not in ready.read_text()
    time_is(AT + DAY, "floor")
    assert refresher.look() and "لا ماء اليوم." in ready.read_text()
    tell(layout)
    assert refresher.look() and "لا ماء اليوم." not in ready.read_text()


def test_n1_the_page_that_stands_ready_says_that_the_provider_wants_a_login_or_money(layout: Layout, time_is: Clock) -> None:
    app, said = create_app(ONE, layout, FakeGate(uplink="down")), "مزوّد الإنترنت يطلب تسجيل الدخول أو المال."
    refresher, ready = Refresher(app, ONE, layout), layout.service_run("pages") / "ar" / "offline.html"
    facts.publish(layout, "gate", {"uplink": "down", "why": ""})
    assert refresher.look() and said not in page(app, "/ar/offline")
    facts.publish(layout, "gate", {"uplink": "down", "why": "portal"})
    assert refresher.look() and said in ready.read_text() and said in page(app, "/ar/offline")
    assert "down: the provider wants a login or money" in page(app, "/status")
    assert app.test_client().get("/status.json", headers={"Host": "camp.internal"}).json["uplink_why"] == "portal"  # type: ignore[index]
    facts.publish(layout, "gate", {"uplink": "up", "why": ""})
    assert refresher.look() and said not in ready.read_text()
    assert "uplink_why" not in (app.test_client().get("/status.json", headers={"Host": "camp.internal"}).json or {})


def test_pages_that_say_the_same_are_not_written_again(layout: Layout, time_is: Clock) -> None:
    app = create_app(ONE, layout, FakeGate())
    Refresher(app, ONE, layout).look()
    before = {path: path.stat().st_ino for path in layout.service_run("pages").rglob("*.html*")}
    tell(layout, {**WATER, "priority": "info", "expires": "2026-11-22T07:00:00Z"})
    assert not Refresher(app, ONE, layout).look()
    assert before == {path: path.stat().st_ino for path in layout.service_run("pages").rglob("*.html*")}


def test_a_disk_that_is_full_is_tried_again(app: Flask, layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    tries = list[int]()

    def full(*_: object) -> int:
        tries.append(1)
        raise NotSo("cannot write: No space left on device")

    monkeypatch.setattr("captive_portal.prerender.write", full)

    def sleep(seconds: float) -> None:
        assert seconds <= PACE
        if len(tries) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        main(Refresher(app, SITE, layout), sleep)
    assert len(tries) == 2
