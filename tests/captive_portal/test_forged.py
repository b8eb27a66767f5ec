"""Forms of other sites are refused, whatever they say of themselves; nothing they say breaks the check."""

from __future__ import annotations

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


@given(st.text(), st.none() | st.text(), st.text())
def test_no_header_breaks_the_check_and_an_unreadable_host_is_nobodys(origin: str, site: str | None, host: str) -> None:
    assert forged(origin, site, host) in (True, False)
    assert forged("http://", site, host)


@given(st.sampled_from(["http://", "https://", "//", ""]), st.text(alphabet="camp.internal:@[]/\\#?%evil", max_size=30))
def test_an_origin_that_passes_names_the_portal_itself(scheme: str, rest: str) -> None:
    if not forged(scheme + rest, None, "camp.internal"):
        assert "camp.internal" in rest and "evil" not in rest.split("/")[0].rpartition("@")[2]
