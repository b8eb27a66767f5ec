"""Forms of other sites are refused, whatever they say of themselves; nothing they say breaks the check."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captive_portal.forged import forged


@pytest.mark.parametrize(
    ("origin", "site", "expected"),
    [
        (None, None, False),
        ("http://camp.internal", None, False),
        ("http://camp.internal:80", "same-origin", False),
        ("https://CAMP.internal", "none", False),
        ("http://evil.example", None, True),
        ("http://camp.internal.evil.example", None, True),
        ("http://camp.internal@evil.example", None, True),
        ("http://camp.internal", "cross-site", True),
        ("http://camp.internal", "same-site", True),
        ("http://camp.internal", "", True),
        ("null", None, True),
        ("", None, True),
        ("http://[", None, True),
        ("http://[camp.internal]", None, True),
    ],
)
def test_only_the_portals_own_page_may_send_its_forms(origin: str | None, site: str | None, expected: bool) -> None:
    assert forged(origin, site, "camp.internal") is expected


NAMES = st.from_regex(r"[a-zA-Z][a-zA-Z0-9-]{0,8}(\.[a-z]{2,5}){0,2}", fullmatch=True)
PORTS = st.sampled_from(["", ":80", ":8080"])
SITES = st.sampled_from([None, "same-origin", "none", "same-site", "cross-site", "", "Same-Origin"]) | st.text()


@given(st.sampled_from(["http", "https"]), NAMES, NAMES, st.booleans(), PORTS, PORTS, SITES)
def test_an_origin_is_the_portals_own_by_its_name_alone_and_only_where_the_site_is_not_another(
    scheme: str, name: str, other: str, own: bool, port: str, our_port: str, site: str | None
) -> None:
    host = name if own else other
    same = site in (None, "same-origin", "none") and name.lower() == host.lower()
    assert forged(f"{scheme}://{name}{port}", site, f"{host.upper()}{our_port}") is not same


@given(st.text(), st.none() | st.text(), st.text())
def test_no_header_breaks_the_check_and_an_unreadable_host_is_nobodys(origin: str, site: str | None, host: str) -> None:
    assert forged(origin, site, host) or forged(origin, site, "evil.example"), "an origin is of one host at most"
    assert forged(origin, "cross-site", host)
    assert forged("http://", site, host)


PIECES = st.sampled_from(["camp.internal", "evil.example", ".", "@", ":", ":80", "/", "\\", "?", "#", "[", "]", "%2f", "user"])


@given(st.sampled_from(["http://", "https://", "//", ""]), st.lists(PIECES, max_size=6).map("".join))
def test_an_origin_that_passes_names_the_portal_itself(scheme: str, rest: str) -> None:
    authority = re.split(r"[/?#]", rest)[0]  # RFC 3986 section 3.2
    assert forged(scheme + rest, None, "camp.internal") or authority.rpartition("@")[2].split(":")[0] == "camp.internal"
    assert not forged(f"{scheme or '//'}camp.internal/{rest.replace('[', '').replace(']', '')}", None, "camp.internal")
