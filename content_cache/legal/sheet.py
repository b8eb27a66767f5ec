"""P The reviewer's work sheet: everything a page says of a country, line by line, with what was checked and room for an answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from content_cache.legal.conventions import CONVENTIONS
from content_cache.legal.terms import Checked, How, Law, Party

HEAD = """# The law of host countries: work sheet for reviewers

Made from the table in `content_cache/legal/` (`CAMPBOX_GOLDEN=write pytest tests/content_cache/test_legal_sheet.py` renews it).
Pages of a real site show a country's lines only after a named lawyer has passed them all.

For each line of your country: open the source, compare, and write `yes`, or what is right instead. "Checked" says how far we came:
nobody has opened a live page yet, so every line needs your eyes. Please also say which law is missing, which one is no longer in
force, and where the official text stands where we found none. Then fill in the last lines and send the country's part back. Your
name and the date go into the table (`review=Review("name, function", "2026-12-31")`), and onto the page that people read.
"""
_FOOT = """
Missing or repealed: ______________________________________________

Reviewer (name, function, bar number): ______________________________________________

Date: ____________________ Signature: ______________________________________________
"""
_SAID = {
    "africa": "The African refugee convention of 1969 applies.",
    "torture": "Nobody may send you where torture threatens you.",
    "child": "Every child has rights here.",
}
NONE_FOUND = "No official text was found on the internet."


def said(key: str, party: Party, *, europe_only: bool) -> tuple[str, ...]:
    """The English sentences in which the page tells of one convention."""
    since = f"Since {party.year}."
    match key, party.year:
        case "refugees", None:
            return "This country is not party to the Refugee Convention of 1951.", "Other rules still protect you."
        case "refugees", _:
            only = ("It counts only for people who fled from Europe.",) if europe_only else ()
            return "This country is party to the Refugee Convention of 1951.", since, *only
        case "protocol", None:
            return ("It is not party to the Protocol of 1967.",)
        case "protocol", _:
            return "It is party to the Protocol of 1967.", since
        case _:
            return _SAID[key], since


def sheet(laws: Mapping[str, Law], names: Mapping[str, str]) -> str:
    """The whole document; ``names`` are the countries' English names by code."""
    return HEAD + "".join(_country(names[code], law) for code, law in sorted(laws.items(), key=lambda pair: names[pair[0]]))


def _country(name: str, law: Law) -> str:
    state = f"Passed by {law.review.by} on {law.review.on}." if law.review else "Not passed by anybody yet."
    rows = "\n".join(f"| {number} | {row} | |" for number, row in enumerate(_rows(law), start=1))
    return f"\n## {name}\n\n{state}\n\n| | the page says | source | checked | right? |\n|---|---|---|---|---|\n{rows}\n{_FOOT}"


def _rows(law: Law) -> Iterator[str]:
    for key, convention in CONVENTIONS.items():
        if key in law.parties:
            party = law.parties[key]
            words = " ".join(said(key, party, europe_only=law.europe_only))
            yield f"{words} | {convention.title}: <{convention.source}> | {_check(party.checked)}"
    for statute in law.statutes:
        yield f"{statute.name} | {f'<{statute.source}>' if statute.source else NONE_FOUND} | {_check(statute.checked)}"


def _check(checked: Checked) -> str:
    against = "" if checked.how is How.UNFOUND else f": {checked.against}"
    return f"{checked.on}, {checked.how.value}{against}{f' ({checked.note})' if checked.note else ''}"
