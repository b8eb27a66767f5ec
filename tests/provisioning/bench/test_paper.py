"""A run of a benchmark renews its page and leaves alone what people wrote on it."""

from __future__ import annotations

from provisioning.bench.paper import BEGIN, END, measured, page
from provisioning.bench.report import Budget, Peer, Result

HERE: dict[str, str | int] = {"cpu": "a Xeon", "cores": 2}
RESULTS = [Result("tap | first", 40.0, "ms", Budget("<=", 50)), Result("search", 350.5, "req/s", peer=Peer("other", 3))]


def test_the_measured_part_names_the_machine_and_holds_table_and_plot() -> None:
    part = measured("portal", HERE, "2026-11-22", RESULTS[1:])
    assert "2026-11-22: cpu a Xeon, cores 2" in part and "portal.json" in part and "portal.svg" in part
    assert "| what | measured | budget | met | instead |\n| --- | --- | --- | --- | --- |\n" in part
    assert "| search | 350 req/s |  |  | other: 3 |" in part


def test_a_new_page_begins_with_a_heading() -> None:
    assert page("content", "", "figures") == f"# Content, measured\n\n{BEGIN}\nfigures\n{END}\n"


def test_what_people_wrote_stays_around_the_new_figures() -> None:
    old = f"# The portal\n\nBefore.\n\n{BEGIN}\nold figures\n{END}\n\n## Where the time goes\n\nAfter.\n"
    new = page("portal", old, "new figures")
    assert new == old.replace("old figures", "new figures")
    assert page("portal", new, "new figures") == new


def test_a_page_without_marks_keeps_every_word() -> None:
    assert page("portal", "# The portal\n\nWords.\n", "figures") == f"# The portal\n\nWords.\n\n{BEGIN}\nfigures\n{END}\n"
