"""The rules of enrolment, and that whatever a stranger sends ends as BadInput."""

from __future__ import annotations

import json
import secrets
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import BadInput
from provisioning.enrolment import ALARMS, TICKET_LIFE, TOKEN_BYTES, Asked, Issue, Refusal, Ticket, decide, token_hash
from provisioning.identity import parse_answer, parse_identity, pin_of
from provisioning.patience import LONGEST, REFUSED, next_wait

NOW = 1_800_000_000.0
FRESH = Ticket("north-1", "north", issued=NOW, expires=NOW + TICKET_LIFE)
USED = replace(FRESH, key="a" * 64)
MINE = Asked("north-1", "a" * 64, with_token=True)
STRANGER = Asked("north-1", "b" * 64, with_token=True)


def refused(ticket: Ticket | None, asked: Asked, now: float = NOW) -> tuple[str, str | None]:
    decision = decide(ticket, asked, now)
    assert isinstance(decision, Refusal), decision
    assert decision.what and decision.mend
    assert decision.alarm is None or decision.alarm in ALARMS
    return decision.code, decision.alarm


def test_a_fresh_ticket_is_worth_one_key() -> None:
    assert decide(FRESH, MINE, NOW) == Issue(first=True)


def test_the_same_key_may_ask_again_even_after_the_ticket_has_expired() -> None:
    assert decide(USED, MINE, NOW) == Issue(first=False)
    assert decide(USED, MINE, NOW + 10 * TICKET_LIFE) == Issue(first=False)


def test_the_enrolled_key_renews_without_a_token_and_another_does_not() -> None:
    assert decide(USED, replace(MINE, with_token=False), NOW) == Issue(first=False)
    assert refused(None, replace(STRANGER, with_token=False)) == ("unknown-key", None)


def test_another_key_with_a_used_token_is_refused_and_raises_an_alarm() -> None:
    assert refused(USED, STRANGER) == ("used-token", "used-token-another-key")


def test_an_alarm_is_raised_even_when_the_ticket_was_superseded() -> None:
    assert refused(replace(USED, superseded=True), STRANGER)[1] == "used-token-another-key"


def test_a_ticket_for_another_box_is_refused_and_raises_an_alarm() -> None:
    assert refused(FRESH, replace(MINE, box="south-1")) == ("wrong-box", "token-of-another-box")


def test_an_expired_ticket_is_refused_to_the_second() -> None:
    assert decide(FRESH, MINE, NOW + TICKET_LIFE - 1) == Issue(first=True)
    assert refused(FRESH, MINE, NOW + TICKET_LIFE) == ("expired-token", None)


def test_a_superseded_ticket_is_refused_used_or_not() -> None:
    assert refused(replace(FRESH, superseded=True), MINE) == ("superseded", None)
    assert refused(replace(USED, superseded=True), MINE) == ("superseded", None)


def test_an_unknown_token_is_refused_without_an_alarm() -> None:
    assert refused(None, MINE) == ("unknown-token", None)


@given(
    st.none() | st.builds(Ticket, st.sampled_from(["a-1", "b-1"]), st.just("s-1"), st.just(NOW), st.floats(NOW, NOW + 100),
                          st.none() | st.sampled_from(["k", "l"]), st.booleans()),
    st.builds(Asked, st.sampled_from(["a-1", "b-1"]), st.sampled_from(["k", "l"]), st.booleans()),
    st.floats(NOW, NOW + 200),
)  # fmt: skip
def test_nothing_is_ever_issued_but_to_the_tickets_box_and_its_first_key(ticket: Ticket | None, asked: Asked, now: float) -> None:
    decision = decide(ticket, asked, now)
    if isinstance(decision, Issue):
        assert ticket is not None and not ticket.superseded
        assert ticket.box == asked.box
        assert (ticket.key is None and now < ticket.expires) if decision.first else ticket.key == asked.key


def test_a_token_is_known_by_its_hash_alone() -> None:
    token = secrets.token_urlsafe(TOKEN_BYTES)
    assert token not in token_hash(token)
    assert token_hash(token) != token_hash(secrets.token_urlsafe(TOKEN_BYTES))


@given(st.text())
def test_a_token_of_any_other_form_is_refused(untrusted: str) -> None:
    if len(untrusted) == 43 and all(c.isascii() and (c.isalnum() or c in "-_") for c in untrusted):
        return
    with pytest.raises(BadInput):
        token_hash(untrusted)


IDENTITY = {"box": "north-1", "site": "north", "hub": {"host": "hub.example.org", "port": 443}, "pin": pin_of(b"x")}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


def test_the_identity_file_comes_back_as_it_was_written() -> None:
    assert parse_identity(IDENTITY | {"token": "t"}).as_json() == IDENTITY
    assert parse_identity(IDENTITY).as_json("t") == IDENTITY | {"token": "t"}


@given(st.sampled_from(["box", "site", "hub", "pin", "host", "port"]), JSON)
def test_an_identity_with_anything_strange_in_it_is_bad_input_never_a_crash(field: str, untrusted: object) -> None:
    values: dict[str, object] = dict(IDENTITY)
    if field in ("host", "port"):
        values["hub"] = {"host": "hub.example.org", "port": 443} | {field: untrusted}
    else:
        values[field] = untrusted
    try:
        found = parse_identity(values)
    except BadInput as error:
        assert error.what and "\n" not in str(error)
    else:
        assert {name: value for name, value in found.as_json().items() if name in values} == values


@pytest.mark.parametrize(
    "change",
    [{"box": "north-2"}, {"site": "south"}, {"pin": pin_of(b"y")}, {"hub": {"host": "10.0.0.1", "port": 1}}],
)
def test_an_identity_with_other_good_values_is_read(change: dict[str, object]) -> None:
    assert parse_identity(IDENTITY | change).as_json() == IDENTITY | change


@pytest.mark.parametrize(
    "host", ["", "Hub.Example", "a b", "hub/x", "fe80::1%eth0", "-x", "hub.example.org\n", "user@hub", "hub:1"]
)
def test_a_hub_host_that_is_neither_name_nor_address_is_refused(host: str) -> None:
    with pytest.raises(BadInput):
        parse_identity(IDENTITY | {"hub": {"host": host, "port": 443}})


ANSWER = {
    "certificate": "C", "ca": "A", "mqtt": {"host": "hub.example.org", "port": 8883},
    "catalogue": {"url": "https://hub.example.org:443/catalogue/", "root": "{}"},
}  # fmt: skip


def test_a_whole_answer_is_read() -> None:
    read = parse_answer(json.dumps(ANSWER).encode())
    assert (read.mqtt_host, read.mqtt_port, read.catalogue_url) == (
        "hub.example.org",
        8883,
        "https://hub.example.org:443/catalogue/",
    )


@pytest.mark.parametrize("url", ["http://hub/catalogue/", "https://hub/ x", "file:///etc/passwd", "https://u:p@hub/", ""])
def test_a_catalogue_that_is_not_on_https_is_refused(url: str) -> None:
    with pytest.raises(BadInput):
        parse_answer(json.dumps(ANSWER | {"catalogue": {"url": url, "root": "{}"}}).encode())


@given(st.binary() | JSON.map(lambda value: json.dumps(value).encode()))
def test_no_answer_of_the_hub_crashes_the_agent(untrusted: bytes) -> None:
    with pytest.raises(BadInput):
        parse_answer(untrusted)


def test_an_answer_nested_beyond_reason_is_bad_input() -> None:
    with pytest.raises(BadInput):
        parse_answer(b"[" * 100_000)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_waits_grow_to_a_limit_and_never_meet(draws: list[float]) -> None:
    base = 0.0
    for draw in draws:
        before = base
        base, wait = next_wait("waiting", base, draw)
        assert before <= base <= LONGEST
        assert base / 2 <= wait <= base * 1.5
    assert next_wait("refused", base, 0.5) == (REFUSED, REFUSED)
