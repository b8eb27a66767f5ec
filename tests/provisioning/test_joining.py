"""One attempt to join, where nothing may go out: what is wrong stands in the facts in one line, and what the box has stays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from appliance import facts
from appliance.clock import BUILT, Moment, Trust
from appliance.errors import Refused, Unreachable
from appliance.files import read_json, write_json
from appliance.layout import Layout
from provisioning import hub_link, joining
from provisioning.hub_link import ClockWrong
from provisioning.patience import FIRST, REFUSED
from tests.appliance.test_lifetime import DAY, YEAR, made

IDENTITY = {
    "box": "north-1", "site": "north", "hub": {"host": "hub.example.org", "port": 443}, "pin": "sha256:" + "0" * 64,
}  # fmt: skip
TOKEN = "A" * 43


class Clock:
    """Stands for ``appliance.clock``: a box's two clocks, moved by hand."""

    def __init__(self) -> None:
        self.moment = Moment(BUILT + 1000, 100.0, "synced")

    def now(self) -> Moment:
        return self.moment


class Box:
    """Folders of a box and its agent, whose way to the hub is ``answer``."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.layout, self.clock, self.asked = Layout.under(root, root), Clock(), 0
        self.problem: Exception = Unreachable("the hub does not answer", where="hub.example.org")
        for folder in (
            self.layout.identity_dir,
            self.layout.facts_dir,
            self.layout.service_run("enrol"),
            self.layout.identity_file.parent,
        ):
            folder.mkdir(parents=True, exist_ok=True)
        monkeypatch.setattr(joining, "clock", self.clock)
        monkeypatch.setattr(hub_link, "fetch_authority", self._fetch)
        self.card(IDENTITY)

    def _fetch(self, identity: Any) -> str:
        self.asked += 1
        raise self.problem

    def card(self, identity: Any, token: str | None = TOKEN) -> None:
        write_json(self.layout.identity_file, identity)
        if token is not None:
            (self.layout.identity_dir / "token").write_text(token)

    def run(self) -> dict[str, Any]:
        joining._run(self.layout)
        told = facts.read(self.layout, "enrol")
        assert isinstance(told, dict) and "\n" not in told["why"]
        return told

    def wait(self) -> float:
        """Seconds until the next attempt is due."""
        due = read_json(self.layout.service_run("enrol") / "patience.json")["due"]
        return float(due - self.clock.moment.uptime)


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Box:
    return Box(tmp_path, monkeypatch)


def test_with_the_clock_in_1970_it_asks_nobody_and_makes_no_key_until_it_knows_the_date(box: Box) -> None:
    box.clock.moment = Moment(BUILT, 100.0, "none")
    told = box.run()
    assert told["state"] == "waiting" and "does not know the date yet" in told["why"] and "time server" in told["why"]
    assert box.asked == 0
    assert {path.name for path in box.layout.identity_dir.iterdir()} == {"token"}
    box.clock.moment = Moment(BUILT + 50, 100.0 + 2 * FIRST, "synced")
    assert "does not answer" in box.run()["why"]
    assert box.asked == 1


def test_a_clock_that_is_wrong_by_the_hubs_certificate_waits_and_keeps_the_token(box: Box) -> None:
    box.problem = ClockWrong("the hub's certificate is not valid at this box's time", where="hub.example.org")
    assert box.run() == {"state": "waiting", "why": str(box.problem)}
    assert (box.layout.identity_dir / "token").exists()


def test_without_a_network_it_waits_with_jitter_and_asks_again_when_due(box: Box) -> None:
    assert box.run()["state"] == "waiting"
    assert FIRST / 2 <= box.wait() <= FIRST * 1.5
    box.run()
    assert box.asked == 1
    box.clock.moment = Moment(BUILT + 1000, 100.0 + FIRST * 1.5, "synced")
    box.run()
    assert box.asked == 2 and FIRST <= box.wait() <= FIRST * 3


def test_two_boxes_do_not_wait_equally_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waits = set()
    for number in range(8):
        one = Box(tmp_path / str(number), monkeypatch)
        one.run()
        waits.add(one.wait())
    assert len(waits) > 1


@pytest.mark.parametrize(
    "problem",
    [
        Refused("the hub is not the one on the card: its pin is another", where="hub.example.org", mend="use a new ticket"),
        Refused("the token has expired", where="hub.example.org", mend="make a new ticket for this box: campbox enrol ticket"),
        Refused("the token was used before, with another key", where="hub.example.org", mend="make a new ticket"),
    ],
)
def test_what_time_will_not_mend_is_refused_in_one_line_and_asked_for_seldom(box: Box, problem: Refused) -> None:
    box.problem = problem
    assert box.run() == {"state": "refused", "why": str(problem)}
    assert REFUSED / 2 <= box.wait() <= REFUSED * 1.5
    assert (box.layout.identity_dir / "token").read_text() == TOKEN


def test_a_new_card_is_tried_at_once_whatever_the_old_one_waits_for(box: Box) -> None:
    box.problem = Refused("the token has expired")
    box.run()
    (box.layout.identity_dir / "token").unlink()
    box.card(IDENTITY, "B" * 43)
    box.run()
    assert box.asked == 2


@pytest.mark.parametrize(
    "identity", [{}, [], IDENTITY | {"pin": "sha256:xyz"}, IDENTITY | {"box": "North 1"}, IDENTITY | {"hub": None}]
)
def test_an_identity_file_that_is_none_is_refused_in_one_line(box: Box, identity: Any) -> None:
    box.card(identity)
    assert box.run()["state"] == "refused"
    assert box.asked == 0


def test_a_card_without_a_token_says_what_to_do(box: Box) -> None:
    (box.layout.identity_dir / "token").unlink()
    told = box.run()
    assert told["state"] == "refused" and "make a new ticket" in told["why"]


def test_without_an_identity_file_it_belongs_to_no_hub(box: Box) -> None:
    box.layout.identity_file.unlink()
    assert box.run() == {"state": "waiting", "why": "no identity file: this box belongs to no hub yet"}


@pytest.mark.parametrize("content", ["", "{", "[]", '{"about": 5}', "{}", '{"due": "never", "wait": []}'])
def test_r5_a_patience_that_cannot_be_read_holds_nobody_back(box: Box, content: str) -> None:
    box.run()
    path = box.layout.service_run("enrol") / "patience.json"
    about = read_json(path)["about"]
    path.write_text(content.replace("{}", f'{{"about": "{about}"}}').replace('{"due"', f'{{"about": "{about}", "due"'))
    assert box.run()["state"] == "waiting" and box.asked == 2
    assert box.wait() > 0


def hold(box: Box, begins: float, ends: float) -> None:
    """The box has a certificate, and no token any more."""
    (box.layout.identity_dir / "cert.pem").write_bytes(made(begins, ends))
    (box.layout.identity_dir / "token").unlink(missing_ok=True)


@pytest.mark.parametrize("trust", ["floor", "synced"])
def test_r4_renewal_begins_with_a_third_of_the_certificates_own_life_left(box: Box, trust: Trust) -> None:
    now = BUILT + 1000
    box.clock.moment = Moment(now, 100.0, trust)
    hold(box, now - YEAR * 2 / 3 + DAY, now + YEAR / 3 + DAY)
    assert box.run() == {"state": "enrolled", "why": ""} and box.asked == 0
    hold(box, now - YEAR * 2 / 3, now + YEAR / 3)
    assert box.run() == {"state": "enrolled", "why": ""}, "it is still good: nobody need hear of it"
    assert box.asked == 1
    box.run()
    assert box.asked == 1 and FIRST / 2 <= box.wait() <= FIRST * 1.5, "again, but not at once"


def test_r4_a_clock_that_is_not_trusted_decides_nothing(box: Box) -> None:
    box.clock.moment = Moment(BUILT, 100.0, "none")
    for begins, ends in ((BUILT - 2 * YEAR, BUILT - YEAR), (BUILT + YEAR, BUILT + 2 * YEAR), (BUILT - YEAR, BUILT + DAY)):
        hold(box, begins, ends)
        assert box.run() == {"state": "enrolled", "why": ""} and box.asked == 0


def test_r4_a_certificate_of_a_hub_whose_clock_ran_ahead_is_renewed(box: Box) -> None:
    now = BUILT + 1000
    hold(box, now + YEAR, now + 2 * YEAR)
    box.clock.moment = Moment(now, 100.0, "floor")
    box.run()
    assert box.asked == 0, "a clock that may run behind cannot know"
    box.clock.moment = Moment(now, 100.0, "synced")
    assert box.run()["state"] == "waiting" and box.asked == 1


def test_r4_with_two_weeks_left_the_box_says_so_and_after_the_end_it_waits(box: Box) -> None:
    now = BUILT + 1000
    hold(box, now - YEAR, now + 13 * DAY)
    told = box.run()
    assert told["state"] == "enrolled" and "is not renewed" in told["why"] and "does not answer" in told["why"]
    assert box.run() == told, "it stays told while the next attempt is not due"
    hold(box, now - 2 * YEAR, now - DAY)
    box.clock.moment = Moment(now, 1000.0, "synced")
    told = box.run()
    assert told["state"] == "waiting" and "ended on" in told["why"]


def test_r5_a_certificate_that_cannot_be_read_is_fetched_anew_with_the_key_alone(box: Box) -> None:
    (box.layout.identity_dir / "cert.pem").write_text("half a certif")
    (box.layout.identity_dir / "token").unlink()
    told = box.run()
    assert box.asked == 1 and told["state"] == "waiting" and "cannot be read" in told["why"]


def _useless(box: Box, told: str) -> None:
    facts.tell(box.layout, "telemetry", {"state": "storing", "identity": told})


def test_r4_what_cannot_be_used_is_brought_anew_however_long_the_certificate_is_good(box: Box) -> None:
    """A card that spoiled a file, or a copy that brought another key's certificate back: the box was silent until it was due."""
    now = box.clock.moment.wall
    hold(box, now - DAY, now + YEAR)
    _useless(box, "")
    assert box.run() == {"state": "enrolled", "why": ""} and box.asked == 0
    _useless(box, "useless")
    told = box.run()
    assert box.asked == 1 and told["state"] == "waiting" and told["why"].startswith("what enrolment brought is of no use: ")
    assert box.run() == told and box.asked == 1, "told as long as it is so, asked when it is due"


def test_r4_what_was_brought_anew_is_not_brought_again_before_telemetry_can_see_it(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = box.clock.moment.wall
    hold(box, now - DAY, now + YEAR)
    _useless(box, "useless")
    brought = list[bool]()
    monkeypatch.setattr(joining, "_enrol", lambda folder, identity, renewing: brought.append(renewing))
    assert box.run() == {"state": "enrolled", "why": ""} and box.wait() > 0
    box.run()
    assert brought == [True]


@pytest.mark.parametrize("error", [OSError(5, "Input/output error"), PermissionError(13, "Permission denied"), OSError()])
def test_r7_whatever_the_card_refuses_is_one_line_and_no_end(box: Box, monkeypatch: pytest.MonkeyPatch, error: OSError) -> None:
    def refuse(layout: Layout) -> None:
        raise error

    monkeypatch.setattr(joining, "_run", refuse)
    monkeypatch.setattr(joining, "start_logging", lambda: None)
    for name, value in box.layout.environment().items():
        monkeypatch.setenv(name, value)
    joining.run()
    told = facts.read(box.layout, "enrol")
    assert (
        told["state"] == "waiting"
        and told["why"].startswith("this box's own files: ")
        and (error.strerror or "OSError") in told["why"]
    )
