"""The nginx configuration as a whole text, and the rules it must not lose."""

from __future__ import annotations

import dataclasses
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.gate.nearby import NEARBY_HTTP
from appliance.web.headers import SECURITY_HEADERS
from appliance.web.languages import LANGUAGES, answers_to, choose
from captive_portal.front import by_longest_tag, files, first_of, site_names, weighed
from captive_portal.front_site import PRERENDERED
from captive_portal.probes import PROBES
from tests import golden_files
from tests.captive_portal.site import EVERY, LAYOUT, SITE, with_api

PLAIN = files(SITE, LAYOUT)["nginx.conf"]
SECURE = files(with_api(), LAYOUT)["nginx.conf"]


def test_the_whole_text() -> None:
    golden_files.same(golden_files.FOLDER / "nginx.conf", PLAIN)


def test_the_whole_text_with_a_certificate() -> None:
    golden_files.same(golden_files.FOLDER / "nginx-https.conf", SECURE)


def test_nothing_that_could_name_a_client_is_logged() -> None:
    outside, inside = PLAIN.split("http {")
    assert re.findall(r"^\s*error_log (.*);", inside, re.MULTILINE) == ["stderr emerg"]
    assert re.findall(r"^\s*error_log (.*);", outside, re.MULTILINE) == ["stderr alert"]
    assert re.findall(r"^\s*access_log (.*);", PLAIN, re.MULTILINE) == ["off"]


def test_an_address_told_by_a_phone_is_replaced_and_never_passed_on() -> None:
    assert "proxy_set_header X-Real-IP $remote_addr;" in PLAIN
    for name in ("X-Forwarded-For", "X-Forwarded-Host", "Forwarded", "User-Agent", "Referer"):
        assert f'proxy_set_header {name} "";' in PLAIN


def test_https_is_served_exactly_when_there_is_a_public_name() -> None:
    assert "443" not in PLAIN and "ssl" not in PLAIN
    assert "listen 443 ssl" in SECURE and "portal.example.org" in SECURE and "ssl_reject_handshake on" in SECURE


def test_neighbours_have_a_door_of_their_own_with_the_repository_and_nothing_else() -> None:
    near = dataclasses.replace(SITE, catalogue=dataclasses.replace(SITE.catalogue, neighbours=("203.0.113.12",)))
    text = files(near, LAYOUT)["nginx.conf"]
    assert str(NEARBY_HTTP) not in PLAIN
    (server,) = [one for one in re.split(r"(?m)^    server \{", text) if f"listen {NEARBY_HTTP}" in one]
    assert re.findall(r"location (.*) \{", server) == ["^~ /repository/", "/"] and "return 404;" in server
    assert "proxy_pass" not in server and "root" not in server and re.findall(r"listen (\S+)", server) == [
        f"{NEARBY_HTTP}", f"[::]:{NEARBY_HTTP}",
    ]  # fmt: skip


def test_a_site_name_is_never_a_probes_host() -> None:
    assert not {probe.host for probe in PROBES} & set(site_names(with_api()))


def test_what_people_search_for_is_never_kept() -> None:
    pattern = re.search(r'"~(\^\(\?:\(\?:page.*)" "";', PLAIN)
    assert pattern is not None
    kept = re.compile(pattern[1])
    for arguments in ("page=2", "need=health&page=3", "open=now", "need=water-sanitation"):
        assert kept.search(arguments), arguments
    for arguments in (
        "q=tuberculosis",
        "page=2&q=x",
        "q=",
        "need=health&q=planted",
        "Q=x",
        "page=2;q=x",
        "near=31.9,35.9",
        "need=%71",
    ):
        assert not kept.search(arguments), arguments


def test_every_prerendered_page_of_every_language_has_its_place() -> None:
    text = files(EVERY, LAYOUT)["nginx.conf"]
    for language in LANGUAGES:
        for page in PRERENDERED:
            assert f"location = /{language.tag}/{page} {{" in text


def test_pages_from_files_carry_the_same_headers_as_pages_from_flask() -> None:
    place = PLAIN.split("location = /ar/ {")[1].split("}")[0]
    for name, value in SECURITY_HEADERS.items():
        assert f'add_header {name} "{value}" always;' in place


def _front_choice(header: str) -> str | None:
    """What nginx's map would say; Python's ``re`` knows the same constructs."""
    return next((one.tag for one in by_longest_tag(LANGUAGES) if re.search(first_of(LANGUAGES, one), header, re.IGNORECASE)), None)


NOBODYS = ["arz", "fil", "e", "zh-Hant-TW"]
OURS = ["ar", "ar-SY", "fa", "fa-AF", "fa-IR", "prs", "fr-CA", "en-GB", "uk", "so-SO", "ku", "ku-IQ", "kmr", "ckb-IQ"]
TAGS = st.sampled_from(OURS + NOBODYS)


@given(st.lists(TAGS, min_size=1, max_size=6), st.booleans())
def test_the_front_and_the_portal_choose_alike_in_every_header_a_browser_sends(tags: list[str], spaced: bool) -> None:
    header = (", " if spaced else ",").join(tag if n == 0 else f"{tag};q={1 - n / 10:.1f}" for n, tag in enumerate(tags))
    found = choose(header, LANGUAGES)
    assert _front_choice(header) == (found.tag if found else None)


@given(st.lists(st.tuples(TAGS, st.integers(0, 10)), min_size=1, max_size=6, unique_by=lambda one: one[0].split("-")[0]))
def test_the_front_and_the_portal_choose_alike_whatever_the_weights_say_or_the_portal_is_asked(
    wishes: list[tuple[str, int]],
) -> None:
    header = ", ".join(tag if weight == 10 else f"{tag};q={weight / 10:.1f}" for tag, weight in wishes)
    weights = [weight for _, weight in wishes]
    rises = any(later > weight for n, weight in enumerate(weights) for later in weights[n:])
    assert bool(re.search(weighed(), header, re.IGNORECASE)) is rises
    if not rises:
        found = choose(header, LANGUAGES)
        assert _front_choice(header) == (found.tag if found else None)


@pytest.mark.parametrize(
    "header", ["", "ar-SY,ar;q=0.9", "en-GB,en;q=0.9,fr;q=0.85", "uk;q=1.0, en;q=0.5, *;q=0.1", "fr;q=0.5;q=0.4"]
)
def test_what_browsers_send_is_weighed_by_nobody(header: str) -> None:
    assert not re.search(weighed(), header, re.IGNORECASE)


@given(st.text(max_size=2000))
def test_no_header_makes_the_front_choose_what_it_does_not_name(header: str) -> None:
    chosen = _front_choice(header)
    assert chosen is None or any(tag in header.lower() for tag, one in answers_to(LANGUAGES).items() if one.tag == chosen)


def test_a_refused_language_is_not_chosen_by_the_front() -> None:
    assert _front_choice("en;q=0") is None
    assert _front_choice("en;q=0.0, am") is None
    assert _front_choice("en;q=0.5") == "en"


def test_a_page_that_is_kept_is_kept_for_its_own_scheme() -> None:
    """It says whether others nearby could read what is typed into it."""
    assert "proxy_cache_key $scheme$uri$is_args$args;" in SECURE and "proxy_set_header X-Forwarded-Proto $scheme;" in SECURE
