"""The law of host countries: who is party, where every text stands, and nothing that nobody has read."""

from __future__ import annotations

import datetime
from dataclasses import replace

import pytest

from content_cache import legal
from content_cache.legal import CONVENTIONS, LAWS, Review, servable
from content_cache.legal.hosts import HOSTS
from content_cache.legal.terms import Checked, How, Law, Party, Statute, host_of

OUTSIDE = {"BD", "IQ", "JO", "LB", "PK"}
IN_AFRICA = {"EG", "ET", "KE", "SD", "TD", "UG"}
CHECKED = Checked(How.COPY, "a book")
STATUTE = Statute("Act", None, Checked(How.UNFOUND))


def test_unreviewed_legal_text_is_not_served_outside_the_demo(monkeypatch: pytest.MonkeyPatch) -> None:
    unread = [country for country, law in LAWS.items() if law.review is None]
    assert [country for country in unread if servable(country, demo=False)] == []
    assert servable("JO", demo=True) is LAWS["JO"]
    read = replace(LAWS["JO"], review=Review("A. Reader, lawyer", "2026-11-22"))
    monkeypatch.setattr(legal, "LAWS", {**LAWS, "JO": read})
    assert servable("JO", demo=False) is read


@pytest.mark.parametrize("country", LAWS)
def test_a_country_has_no_year_only_where_it_is_not_party(country: str) -> None:
    parties = LAWS[country].parties
    assert (parties["refugees"].year is None) is (parties["protocol"].year is None) is (country in OUTSIDE)
    assert ("africa" in parties) is (country in IN_AFRICA)
    assert LAWS[country].europe_only is (country == "TR")


@pytest.mark.parametrize("country", LAWS)
def test_every_year_lies_between_the_treaty_and_this_year(country: str) -> None:
    parties = LAWS[country].parties
    assert {"refugees", "protocol", "torture", "child"} <= parties.keys() <= CONVENTIONS.keys()
    this_year = datetime.date.today().year
    wrong = {key: p.year for key, p in parties.items() if p.year and not CONVENTIONS[key].made <= p.year <= this_year}
    assert wrong == {}


@pytest.mark.parametrize("country", LAWS)
def test_every_law_has_an_official_source_or_says_that_none_was_found(country: str) -> None:
    for statute in LAWS[country].statutes:
        assert statute.name == statute.name.strip() != ""
        assert (statute.source is None) is (statute.checked.how is How.UNFOUND) is (statute.host is None)


def test_every_source_is_sealed_and_of_a_host_that_is_official_for_a_reason() -> None:
    sources = [c.source for c in CONVENTIONS.values()]
    sources += [statute.source for law in LAWS.values() for statute in law.statutes if statute.source]
    used = {host_of(source).name for source in sources}
    assert used == {host.name for host in HOSTS.values()}, "a host that no line needs"
    assert len(used) == len(HOSTS) and all(host.name and host.why for host in HOSTS.values())
    assert len({c.source for c in CONVENTIONS.values()}) == len(CONVENTIONS), "every convention has its own page"


@pytest.mark.parametrize(
    "address",
    [
        "http://treaties.un.org/Pages/x", "https://treaties.un.org.example/x", "https://example.org/treaties.un.org",
        "https://un@treaties.un.org/x", "//treaties.un.org/x", "",
    ],
)  # fmt: skip
def test_an_address_of_another_host_or_an_open_one_is_no_source(address: str) -> None:
    with pytest.raises(ValueError, match="not https, or not of a host"):
        host_of(address)


def test_every_fact_says_how_it_was_checked_and_not_later_than_today() -> None:
    checks = [c.checked for c in CONVENTIONS.values()]
    checks += [party.checked for law in LAWS.values() for party in law.parties.values()]
    checks += [statute.checked for law in LAWS.values() for statute in law.statutes]
    assert all(datetime.date.fromisoformat(check.on) <= datetime.date.today() for check in checks)
    assert {check.how for check in checks} == set(How)


@pytest.mark.parametrize(("how", "against", "on"), [
    (How.COPY, "", "2026-11-22"), (How.UNFOUND, "a book", "2026-11-22"), (How.COPY, "a book", "today"),
])  # fmt: skip
def test_a_check_names_what_it_was_made_against_and_a_day(how: How, against: str, on: str) -> None:
    with pytest.raises(ValueError):
        Checked(how, against, on=on)


@pytest.mark.parametrize(("by", "on"), [("", "2026-11-22"), (" ", "2026-11-22"), ("A. Reader", "yesterday")])
def test_a_review_has_a_name_and_a_day(by: str, on: str) -> None:
    with pytest.raises(ValueError):
        Review(by, on)


@pytest.mark.parametrize(("parties", "statutes"), [({"child": Party(None, CHECKED)}, (STATUTE,)), ({}, ())])
def test_a_line_that_pages_have_no_words_for_is_refused(parties: dict[str, Party], statutes: tuple[Statute, ...]) -> None:
    with pytest.raises(ValueError, match="no words"):
        Law(parties, statutes)


def test_a_country_nobody_wrote_about_has_nothing() -> None:
    assert servable("ZZ", demo=True) is None
