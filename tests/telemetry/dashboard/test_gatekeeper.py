"""Passwords at the door: bounded, refused fast while others are tried, and sessions that end when they are ended."""

from __future__ import annotations

import itertools
import threading
import time
from concurrent.futures import ThreadPoolExecutor, as_completed

import pytest
from flask import Flask
from flask.testing import FlaskClient

from appliance.layout import Layout
from telemetry.dashboard import admin, events
from telemetry.dashboard.admin import Account
from telemetry.dashboard.app import create_app
from telemetry.dashboard.gatekeeper import Gatekeeper, Session
from telemetry.dashboard.guesses import IN_ALL, PER_ADDRESS, Guess
from tests.telemetry.dashboard.conftest import CONFIG, PASSWORD

BROWSER = {"Accept": "text/html"}
FORM = {"user": "admin", "password": PASSWORD}
ANYWHERE = ("/", "/api/v1/boxes", "/metrics", "/incidents", "/boxes/camp-1", "/nowhere")


def guess(number: int, **more: str) -> dict[str, str]:
    return {"user": "admin", "password": f"wrong {number}", **more}


def test_h5_wrong_passwords_by_basic_are_limited_on_every_path_as_at_the_login_page(stranger: FlaskClient) -> None:
    told = [stranger.get(ANYWHERE[n % len(ANYWHERE)], auth=("admin", f"wrong {n}")).status_code for n in range(40)]
    assert told.count(401) <= PER_ADDRESS[0] + 1 and set(told) == {401, 429}
    assert stranger.post("/login", data=guess(0)).status_code == 429


def test_h5_a_refused_try_says_when_to_come_again(stranger: FlaskClient) -> None:
    for n in range(20):
        last = stranger.get("/metrics", auth=("admin", f"wrong {n}"))
    assert last.status_code == 429 and int(last.headers["Retry-After"]) > 0 and "try again" in last.text
    page = stranger.post("/login", data=guess(1))
    assert page.status_code == 429 and "Wait 5 seconds" in page.text and int(page.headers["Retry-After"]) == 5


def test_h5_a_password_that_was_right_before_is_never_slowed_down(stranger: FlaskClient) -> None:
    assert stranger.get("/metrics", auth=("admin", PASSWORD)).status_code == 200
    for n in range(40):
        stranger.get("/metrics", auth=("admin", f"wrong {n}"))
    assert stranger.get("/metrics", auth=("admin", "wrong 99")).status_code == 429
    assert stranger.get("/metrics", auth=("admin", PASSWORD)).status_code == 200


def test_h5_several_programs_are_remembered_side_by_side(layout: Layout) -> None:
    from telemetry.dashboard import people

    for name in ("anna", "omar"):
        people.add(layout, name)
    stranger = create_app(layout, CONFIG).test_client()
    for _ in range(30):
        for name in ("admin", "anna", "omar"):
            assert stranger.get("/metrics", auth=(name, PASSWORD)).status_code == 200


def test_h22_the_login_page_itself_is_always_shown(stranger: FlaskClient) -> None:
    for n in range(40):
        stranger.post("/login", data=guess(n))
    assert stranger.get("/login").status_code == 200


def test_h22_who_logged_in_before_in_this_browser_gets_in_while_others_guess(app: Flask, layout: Layout) -> None:
    """Behind a proxy that names no address, everybody has the same one."""
    before = app.test_client()
    before.post("/login", data=FORM)
    cookie = before.get_cookie("campbox_hub_known", path="/login")
    assert cookie is not None
    restarted = create_app(layout, CONFIG)  # no password is remembered any more
    owner, guesser = restarted.test_client(), restarted.test_client()
    owner.set_cookie("campbox_hub_known", cookie.value, path="/login")
    for n in range(60):
        guesser.post("/login", data=guess(n))
    assert guesser.post("/login", data=FORM).status_code == 429
    assert owner.post("/login", data=FORM).status_code == 302


def test_a_known_browser_opens_nothing_and_is_known_for_its_own_account_alone(app: Flask) -> None:
    owner = app.test_client()
    owner.post("/login", data=FORM)
    cookie = owner.get_cookie("campbox_hub_known", path="/login")
    assert cookie is not None and cookie.http_only and cookie.same_site == "Lax" and PASSWORD not in cookie.value
    other = app.test_client()
    other.set_cookie("campbox_hub_known", cookie.value, path="/login")
    assert other.get("/", headers=BROWSER).status_code == 302
    other.set_cookie("campbox_hub_known", cookie.value[:-2] + "xx", path="/login")
    assert {other.post("/login", data=guess(n)).status_code for n in range(12)} == {401, 429}


class Slow(Account):
    """An account whose password takes as long as a test says."""

    entered, go_on = threading.Event(), threading.Event()

    def accepts(self, untrusted_user: str, untrusted_password: str) -> bool:
        self.entered.set()
        assert self.go_on.wait(20)
        return False


def test_h5_while_passwords_are_tried_further_ones_are_refused_fast_and_pages_come(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper, real = Gatekeeper(layout), admin.load(layout)
    slow = Slow(real.user, real.salt, real.digest, real.session_key)
    monkeypatch.setattr(Gatekeeper, "_account", lambda _self, _user: slow)
    with ThreadPoolExecutor(8) as pool:
        tried = [pool.submit(keeper.check, Guess(f"192.0.2.{n}", f"u{n}"), f"wrong {n}") for n in range(8)]
        assert slow.entered.wait(20)
        refused = [one.result() for one in itertools.islice(as_completed(tried, timeout=20), 7)]
        assert refused == ["busy"] * 7, "one is tried; nobody waits long for it"
        slow.go_on.set()
        assert {one.result(20) for one in tried} == {"wrong", "busy"}


def test_h5_many_threads_take_no_more_tries_than_there_are(layout: Layout) -> None:
    keeper = Gatekeeper(layout)
    with ThreadPoolExecutor(16) as pool:
        told = list(pool.map(lambda n: keeper.check(Guess("", f"u{n}"), "wrong"), range(200)))
    assert sum(answer != "too many" for answer in told) <= IN_ALL[0] + IN_ALL[1] * 20


def test_h12_logging_out_ends_the_session_also_in_a_copy_of_the_cookie(app: Flask, layout: Layout) -> None:
    owner, thief = app.test_client(), app.test_client()
    owner.post("/login", data=FORM)
    cookie = owner.get_cookie("campbox_hub")
    assert cookie is not None
    thief.set_cookie("campbox_hub", cookie.value)
    assert thief.get("/").status_code == 200
    owner.post("/logout")
    assert thief.get("/", headers=BROWSER).status_code == 302
    # Another process of the hub, and the same one after a restart, know it as well.
    again = create_app(layout, CONFIG).test_client()
    again.set_cookie("campbox_hub", cookie.value)
    assert again.get("/", headers=BROWSER).status_code == 302
    live = events.create_app(layout, CONFIG).test_client()
    live.set_cookie("campbox_hub", cookie.value)
    assert live.get("/events").status_code == 401


def test_h12_only_that_session_ends(app: Flask) -> None:
    one, other = app.test_client(), app.test_client()
    for client in (one, other):
        client.post("/login", data=FORM)
    one.post("/logout")
    assert other.get("/").status_code == 200


def test_h12_a_stream_ends_with_its_session(layout: Layout, app: Flask) -> None:
    keeper = Gatekeeper(layout)
    session = keeper.open("admin")
    stream = events.Stream(layout, None, sleep=lambda _: None, still=keeper.still(session, "admin")).run()
    assert next(stream).startswith("retry")
    keeper.ended.end(session.id, session.until, time.time())
    assert list(stream) == []


def test_h12_a_disk_that_refuses_ends_the_session_in_this_process_and_says_so(app: Flask, layout: Layout) -> None:
    owner = app.test_client()
    owner.post("/login", data=FORM)
    cookie = owner.get_cookie("campbox_hub")
    assert cookie is not None
    (layout.data / "hub" / "ended-sessions.json").mkdir()
    told = owner.post("/logout")
    assert told.status_code == 200 and "make room" in told.text
    owner.set_cookie("campbox_hub", cookie.value)
    assert owner.get("/", headers=BROWSER).status_code == 302


def test_ended_sessions_are_forgotten_once_they_would_have_ended(layout: Layout) -> None:
    keeper, now = Gatekeeper(layout), time.time()
    assert keeper.ended.end("first", now + 10, now)
    assert "first" in keeper.ended
    assert keeper.ended.end("second", now + 1000, now + 11)
    assert "second" in keeper.ended and "first" not in keeper.ended


@pytest.mark.parametrize(
    "held", [{}, {"user": "admin", "until": 9e9, "account": "x"}, {"id": 3, "user": "a", "account": "b", "until": 1}]
)
def test_a_cookie_that_is_not_whole_is_no_session(held: dict[str, object]) -> None:
    assert Session.read(held) is None


@pytest.mark.parametrize(
    "number", ["9" * 22, "9" * 5000, "-5", "1e3", "0x10", "\u0661", "2147483648", "9223372036854775808", "", "+7", "nan"]
)
def test_h30_no_number_in_an_address_is_an_error(operator: FlaskClient, number: str) -> None:
    for path in ("/", "/api/v1/boxes"):
        for name in ("page", "offset", "limit"):
            assert operator.get(path, query_string={name: number}).status_code == 200


ODD_ADDRESSES = (
    "http://[", "http://[::1", "http://[x]/", "http://\uff0f.com", "http://\u2100.net/", "//[", "/\\[", "http://]", "http://a[b]c/",
    "/a\r\nSet-Cookie: x=y", "/\0",
)  # fmt: skip


@pytest.mark.parametrize("odd", ODD_ADDRESSES)
def test_h30_an_address_that_is_none_is_no_error(app: Flask, odd: str) -> None:
    """Neither where a request says to come from, nor where somebody wants to be led after the login."""
    client = app.test_client()
    if odd.isprintable():
        assert client.post("/logout", headers={"Origin": odd}).status_code == 403
    led = client.post("/login", query_string={"next": odd}, data={"user": "admin", "password": PASSWORD})
    assert (led.status_code, led.headers["Location"]) == (302, "/")
    assert client.get("/").status_code == 200
