"""The page on the screen: everything that matters in one look, and nothing a terminal would obey."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as some

from provisioning.console import slot
from provisioning.console_page import READY, WIDTH, Seen, page, ready_line

CHECKS = [
    {"name": "clock", "ok": True, "what": "set by the network", "mend": ""},
    {"name": "radio", "ok": None, "what": "an access point beside the box", "mend": ""},
    {"name": "hub", "ok": False, "what": "does not answer", "mend": "look at the uplink's cable"},
]
SEEN = Seen(
    site="North Gate",
    site_id="camp-north-1",
    lan=["10.44.0.1", "fd5c:a3b0:77::1"],
    uplinks=[("eth1", ["192.0.2.7"]), ("wwan0", [])],
    portal=31.44,
    failed=[],
    slot="system_a",
    clock="synced",
    card={"state": "ready", "why": "", "box": "north-1", "image": {"campbox": "0.1.0", "recipe": "0123456789abcdef"}},
    storage={"state": "ready", "why": ""},
    enrol={"state": "enrolled", "why": ""},
    selftest={"state": "failed", "seconds": 12.3, "checks": CHECKS},
)


def test_a_box_that_serves() -> None:
    assert page(SEEN) == [
        "=" * WIDTH,
        " site           North Gate (camp-north-1)",
        " box            north-1",
        " people's side  10.44.0.1, fd5c:a3b0:77::1",
        " uplink eth1    192.0.2.7",
        " uplink wwan0   no address yet",
        " portal         answers since 31.4 s after the start",
        " hub            enrolled",
        " clock          set by the network",
        " services       none failed",
        " self-test      failed in 12 s",
        "                ok clock: set by the network",
        "                - radio: an access point beside the box",
        "                FAILS hub: does not answer; look at the uplink's cable",
        " system         system_a, Campbox 0.1.0, 0123456789ab",
        "=" * WIDTH,
    ]


def test_a_box_that_starts() -> None:
    told = "\n".join(page(replace(SEEN, portal=None, card={}, storage={}, enrol={}, selftest={}, lan=[])))
    for words in ("does not answer yet", "no word yet", "not run yet", "no address", "box            camp-north-1"):
        assert words in told


def test_troubles_are_said_and_only_troubles() -> None:
    troubled = replace(
        SEEN,
        failed=["campbox-portal.service", "var-lib-campbox.mount"],
        card={"state": "memory", "why": "this box cannot keep a key", "box": None},
        storage={"state": "memory", "why": "damaged beyond mending"},
        enrol={},
    )
    told = "\n".join(page(troubled))
    assert "failed: campbox-portal.service, var-lib-campbox.mount" in told
    assert "card           this box cannot keep a key" in told and "storage        damaged beyond mending" in told
    assert "hub            none" in told
    assert "storage" not in "\n".join(page(SEEN))


def test_the_line_for_programs_says_what_is_waited_for() -> None:
    line = ready_line(replace(SEEN, failed=["x.service"]))
    values = json.loads(line.removeprefix(READY))
    assert line.startswith("campbox: ready {") and "\n" not in line
    wanted: dict[str, Any] = {"portal_seconds": 31.4, "failed_units": ["x.service"], "enrol": "enrolled", "selftest": "failed"}
    assert wanted.items() <= values.items()
    assert values["box"] == "north-1" and values["selftest_failed"] == ["hub"]


def test_a_name_in_other_letters_gives_way_to_the_sites_id() -> None:
    assert page(replace(SEEN, site="مركز الشمال"))[1] == " site           camp-north-1"


_ANY = some.text(max_size=200) | some.none() | some.integers() | some.lists(some.integers(), max_size=2)
_TOLD = some.dictionaries(some.sampled_from(["state", "why", "box", "image", "checks", "seconds"]), _ANY, max_size=4)


@given(some.text(max_size=100), some.text(max_size=100), _TOLD, _TOLD, some.lists(_TOLD | some.integers(), max_size=3))
def test_nothing_but_short_lines_of_printable_ascii_whatever_facts_say(
    site: str, site_id: str, card: Any, told: Any, rows: Any
) -> None:
    seen = replace(SEEN, site=site, site_id=site_id, card=card, enrol=told, storage=told, selftest={"state": site, "checks": rows})
    assert all(len(line) <= WIDTH and all(" " <= c <= "~" for c in line) for line in page(seen))
    line = ready_line(seen)
    assert line.isascii() and line.isprintable()


def test_the_slot_is_read_from_the_kernels_command_line() -> None:
    assert slot("quiet root=PARTLABEL=system_b ro") == "system_b"
    assert slot("console=tty1") == "no slot"
