"""A rehearsal's steps as people read them."""

from __future__ import annotations

from provisioning.lab.boot_report import Step, in_words, wrong_lines

LINES = (
    {"name": "power", "ok": None, "what": "not known", "mend": ""},
    {"name": "card", "ok": True, "what": "3.1 GB free", "mend": ""},
    {"name": "catalogue", "ok": False, "what": "none yet", "mend": "wait"},
    {"name": "hub", "ok": False, "what": "no answer", "mend": "look at the line"},
)


def test_a_step_that_does_not_hold_is_seen_at_once() -> None:
    assert Step("portal", True, 31.25, "from power-on").line().startswith("ok      portal")
    assert Step("portal", False, 0, "").line().startswith("NOT SO  portal")


def test_a_step_that_was_skipped_does_not_read_as_one_that_holds() -> None:
    assert Step("catalogue", None, 0, "no data").line().startswith("skipped catalogue")


def test_only_what_failed_is_wrong() -> None:
    assert [line["name"] for line in wrong_lines(LINES, invented=False)] == ["catalogue", "hub"]
    assert in_words(wrong_lines(LINES, invented=False)) == "catalogue: none yet; hub: no answer"


def test_a_box_without_an_invented_catalogue_is_right_and_still_needs_its_hub() -> None:
    assert [line["name"] for line in wrong_lines(LINES, invented=True)] == ["hub"]
