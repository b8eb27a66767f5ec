"""What a phone reads from the two codes is what was meant, whatever the Wi-Fi is called."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captive_portal.poster.codes import page_uri, picture, wifi_uri

AWKWARD = st.text(alphabet=st.one_of(st.sampled_from('\\;,:" P'), st.characters(exclude_categories=["Cs", "Cc"])), min_size=1)


def read(uri: str) -> dict[str, str]:
    """As phones do it: fields end at a semicolon that has no backslash before it; a backslash says "the next one as it is"."""
    assert uri.startswith("WIFI:") and uri.endswith(";;")
    fields = re.findall(r"([A-Z]):((?:\\.|[^\\;])*);", uri.removeprefix("WIFI:")[:-1], re.DOTALL)
    assert "".join(f"{name}:{value};" for name, value in fields) == uri.removeprefix("WIFI:")[:-1]
    return {name: re.sub(r"\\(.)", r"\1", value, flags=re.DOTALL) for name, value in fields}


@pytest.mark.parametrize(
    ("ssid", "uri"),
    [
        ("Community Wi-Fi", "WIFI:T:nopass;S:Community Wi-Fi;;"),
        ("شبكة المخيم", "WIFI:T:nopass;S:شبكة المخيم;;"),
        (r'a\b;c,d:e"f', r"WIFI:T:nopass;S:a\\b\;c\,d\:e\"f;;"),
        (";;", r"WIFI:T:nopass;S:\;\;;;"),
    ],
)
def test_the_text_of_the_code_is_as_phones_expect_it(ssid: str, uri: str) -> None:
    assert wifi_uri(ssid) == uri


@given(AWKWARD)
def test_no_name_of_a_network_breaks_out_of_its_field(ssid: str) -> None:
    assert read(wifi_uri(ssid)) == {"T": "nopass", "S": ssid}


def test_the_address_is_one_that_browsers_open_and_do_not_search_for() -> None:
    assert page_uri("camp.internal") == "http://camp.internal/"
    assert page_uri("camp.internal", "emergency") == "http://camp.internal/emergency"


@given(st.text(max_size=200))
def test_a_picture_is_plain_svg_with_its_white_border(text: str) -> None:
    svg = picture(text or "x")
    size = int(re.findall(r'viewBox="0 0 (\d+) \1"', svg)[0])
    assert (size - 8 - 17) % 4 == 0 and svg.startswith("<svg ") and "M4 4.5h7" in svg
