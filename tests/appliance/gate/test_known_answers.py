"""What an answer says of the line: only the known one, to the byte, is the internet's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.gate.known_answers import MOST, Known, judge_answer, known_answers, question
from captive_portal.probes import PROBES

EMPTY = Known("connectivitycheck.gstatic.com", "/generate_204", 204)
APPLE = b"<HTML><HEAD><TITLE>Success</TITLE></HEAD><BODY>Success</BODY></HTML>"
TELLING = Known("captive.apple.com", "/hotspot-detect.html", 200, APPLE + b"\n")
BLOCKED = b"<html>Your volume is used up. <a href=http://topup.example/>Pay here</a></html>"


def http(status: int, body: bytes = b"", *fields: str, length: bool = True) -> bytes:
    lines = [f"HTTP/1.1 {status} Said", *fields, *([f"Content-Length: {len(body)}"] if length and body else [])]
    return "\r\n".join([*lines, "", ""]).encode() + body


def test_the_hosts_are_those_of_the_probe_table() -> None:
    known = known_answers(PROBES)
    assert known[EMPTY.host] == EMPTY and known[TELLING.host] == TELLING
    assert all(one.status in (200, 204) and one.telling == bool(one.body) for one in known.values())
    assert not any(one.path == "/redirect" for one in known.values()), "anybody may lead anywhere"
    assert "dns.msftncsi.com" not in known


GENUINE = {
    "204": (EMPTY, http(204)),
    "204 with a length of nothing": (EMPTY, http(204, b"", "Content-Length: 0")),
    "the text": (TELLING, http(200, APPLE + b"\n")),
    "the text without its newline": (TELLING, http(200, APPLE)),
    "the text without a length": (TELLING, http(200, APPLE, length=False)),
    "the text in chunks": (
        TELLING, http(200, b"", "Transfer-Encoding: chunked") + b"%x\r\n%s\r\n0\r\n\r\n" % (len(APPLE), APPLE),
    ),
    "HTTP 1.0": (TELLING, http(200, APPLE).replace(b"HTTP/1.1", b"HTTP/1.0")),
}  # fmt: skip
FOREIGN = {
    "a redirect to a page where one pays": (EMPTY, http(302, b"", "Location: http://topup.example/")),
    "the same to the telling host": (TELLING, http(307, b"", "Location: https://login.example/")),
    "a page instead of nothing": (EMPTY, http(200, BLOCKED)),
    "an empty page": (EMPTY, http(200, b"", "Content-Length: 0")),
    "another page": (TELLING, http(200, BLOCKED)),
    "a page with the known one inside": (TELLING, http(200, BLOCKED + APPLE)),
    "half of the known one": (TELLING, http(200, APPLE[:30])),
    "the empty answer to everything": (TELLING, http(204)),
    "an empty answer with a body": (EMPTY, http(204, BLOCKED)),
    "the same without a length": (EMPTY, http(204, b"x", length=False)),
    "an empty answer that promises chunks": (EMPTY, http(204, b"", "Transfer-Encoding: chunked")),
    "511": (EMPTY, http(511, BLOCKED)),
    "511 to the telling host": (TELLING, http(511)),
    "not found": (EMPTY, http(404)),
    "no HTTP": (EMPTY, b"SSH-2.0-x\r\n\r\n"),
    "noise": (TELLING, b"\x15\x03\x01\x00\x02\x02F"),
    "a status of letters": (EMPTY, b"HTTP/1.1 ABC\r\n\r\n"),
    "a head without end": (EMPTY, b"HTTP/1.1 204 No Content\r\nX: " + b"y" * MOST),
    "a body without end": (TELLING, http(200, b"", "Transfer-Encoding: chunked") + b"fffff\r\n" + b"z" * MOST),
}  # fmt: skip


@pytest.mark.parametrize("name", GENUINE)
def test_n1_the_known_answer_is_the_internets(name: str) -> None:
    known, raw = GENUINE[name]
    assert judge_answer(known, raw, ended=True) == "genuine"


@pytest.mark.parametrize("name", FOREIGN)
def test_n1_another_answer_is_somebody_elses(name: str) -> None:
    known, raw = FOREIGN[name]
    assert judge_answer(known, raw, ended=True) == "foreign"


@pytest.mark.parametrize("known", [EMPTY, TELLING])
def test_silence_and_a_hosts_own_fault_say_nothing(known: Known) -> None:
    assert judge_answer(known, b"", ended=False) == "unfinished"
    assert judge_answer(known, b"", ended=True) == "silent"
    assert judge_answer(known, b"HTTP/1.1 2", ended=True) == "silent", "it broke off"
    assert judge_answer(known, http(503), ended=True) == "silent"


def test_a_body_that_comes_slowly_is_waited_for_and_then_nobodys() -> None:
    part = http(200, APPLE).removesuffix(b"</BODY></HTML>")
    assert judge_answer(TELLING, part, ended=False) == "unfinished"
    assert judge_answer(TELLING, part, ended=True) == "silent"
    endless = http(200, APPLE[:9], length=False)
    assert judge_answer(TELLING, endless, ended=False) == "unfinished"
    assert judge_answer(TELLING, endless, ended=False, late=True) == "silent"
    assert judge_answer(TELLING, endless, ended=True) == "foreign", "who ends it in the middle is another"


def test_an_empty_answer_is_whole_when_nothing_has_come_after_it() -> None:
    assert judge_answer(EMPTY, http(204), ended=False) == "unfinished"
    assert judge_answer(EMPTY, http(204), ended=False, late=True) == "genuine", "who keeps the connection is as good"


@given(st.sampled_from([EMPTY, TELLING]), st.binary(max_size=300), st.booleans(), st.booleans())
def test_whatever_comes_is_judged_and_never_taken_for_the_internet(known: Known, noise: bytes, ended: bool, headed: bool) -> None:
    raw = (b"HTTP/1.1 200 OK\r\n" if headed else b"") + noise
    said = judge_answer(known, raw, ended=ended)
    assert said in ("foreign", "silent") if ended else said in ("foreign", "silent", "unfinished")
    assert judge_answer(known, raw, ended=False, late=True) in ("foreign", "silent")


@given(st.sampled_from(sorted(GENUINE)), st.data())
def test_cut_anywhere_the_known_answer_is_never_somebody_elses(name: str, data: st.DataObject) -> None:
    known, raw = GENUINE[name]
    part = raw[: data.draw(st.integers(0, len(raw) - 1))]
    assert judge_answer(known, part, ended=False) in ("unfinished", "genuine")


def test_a_question_is_one_request_that_no_cache_answers() -> None:
    said = question("captive.apple.com", "/x")
    assert said.startswith(b"GET /x HTTP/1.1\r\nHost: captive.apple.com\r\n") and said.endswith(b"\r\n\r\n")
    assert b"no-cache" in said and len(said) < 130, "some lines are paid for by the byte"
