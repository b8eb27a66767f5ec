"""Whatever a phone sends: a clean answer, nobody's content under another name, no line in a log, and the next phone is served."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from provisioning.lab.pace import patient
from tests.real.front_place import CODE, LAN4, PHONE4, Place, front_place, get, post
from tests.real.hostile import PARTS, Row

pytestmark = [
    pytest.mark.net,
    pytest.mark.front,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root: it makes network namespaces"),
]
SLOW = "tests/real/slow_phones.py"
MANY = 500
FORMS_UNDER_WAY = 8
"""As the front's ``limit_conn`` says."""


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    with front_place(("pages", "portal", "nginx")) as running:
        yield running


def _wrong(row: Row, place: Place) -> str:
    """What is wrong with the answer to this row; empty when nothing is."""
    before = len(place.gate.asked)
    reply = place.ask([row.request(LAN4)])[0]
    asked = [request.get("ip", PHONE4) for request in place.gate.asked[before:]]
    leads = reply.headers.get("location", "/")
    if not any(reply.status in right for right in row.right):
        return f"{row.name}: {reply.status}"
    if not (leads.startswith("http://camp.internal/") or leads.startswith("/") and leads[1:2] not in ("/", "\\")):
        return f"{row.name}: leads to {leads}"
    if "a=b" in reply.headers.get("set-cookie", ""):
        return f"{row.name}: a header of the phone's own making"
    if not row.asks and asked or set(asked) - {PHONE4}:
        return f"{row.name}: the gate was asked about {asked}"
    return ""


@pytest.mark.parametrize("part", PARTS)
def test_hostile_requests_get_a_clean_answer_and_leave_no_trace(place: Place, part: str) -> None:
    rows = list(PARTS[part]())
    assert len(rows) > 10 and len({row.name for row in rows}) == len(rows)
    assert [wrong for wrong in (_wrong(row, place) for row in rows) if wrong] == []
    assert place.one("/en/").status == place.one("/en/you").status == 200
    assert place.ask([post("/en/connect", {"Origin": "http://camp.internal"})])[0].headers["location"] == "/en/connected"
    assert place.logs() == ""


def _slow(place: Place, kind: str, steps: int, left: int = 0) -> Any:
    """Until only ``left`` of them are still there, at most so many bytes each."""
    task = json.dumps({"to": LAN4, "kind": kind, "count": MANY, "steps": steps, "left": left})
    found = json.loads(place.phone.run(sys.executable, str(CODE / SLOW), input=task, timeout=patient(280)).stdout)
    assert len(found["others"]) >= 2 and set(found["others"]) == {200}, "others are served meanwhile"
    return found


def test_500_phones_that_speak_a_byte_a_second_are_let_go_and_block_nobody(place: Place) -> None:
    assert _slow(place, "head", steps=120)["alive"] == 0


def test_500_phones_that_read_a_byte_a_second_block_nobody(place: Place) -> None:
    assert _slow(place, "page", steps=15)["statuses"] == {"200": MANY}, "none of them is let go"


def test_a_phone_sends_only_so_many_slow_forms_at_once_and_they_reach_nobody(place: Place) -> None:
    before = sum(request["do"] == "admit" for request in place.gate.asked)
    found = _slow(place, "form", steps=120, left=FORMS_UNDER_WAY)
    assert found["statuses"]["429"] == MANY - FORMS_UNDER_WAY and found["alive"] == FORMS_UNDER_WAY
    assert sum(request["do"] == "admit" for request in place.gate.asked) == before
    assert place.logs() == ""


def test_the_scan_of_answers_finds_a_front_that_serves_any_name() -> None:
    """The table is no good if it passes a front without its guards."""
    with front_place(("pages", "portal", "nginx")) as place:
        path = place.layout.conf / "nginx.conf"
        path.write_text(path.read_text().replace('server_name "camp.internal"', 'server_name "evil.example" "camp.internal"', 1))
        place.kill("nginx")
        place.restart("nginx")
        assert place.ask([get("/en/", host="evil.example")])[0].status == 200
        assert any(_wrong(row, place) for row in PARTS["hosts"]())
