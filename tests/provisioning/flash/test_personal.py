"""P What may go onto a card: never a private key, never two sites or two hubs at once, never an old ticket."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import CampboxError
from provisioning.flash.personal import IDENTITY, SITE, Given, Manifest, Personal, parse_manifest, personalise, summary
from tests.provisioning.flash import making

NOW = 1_800_000_000.0
EXAMPLE = (Path(__file__).resolve().parents[3] / "examples/site.toml").read_bytes()
OF = Manifest("0.1.0", "arm64", "camp-north-1", "ab" * 32)


def identity(**changes: Any) -> Given:
    values = {key: value for key, value in {**making.IDENTITY, **changes}.items() if value is not ...}
    return Given("identity.json", making.text(values), NOW - 60)


def site(text: bytes = EXAMPLE) -> Given:
    return Given("site.toml", text, NOW)


def check(who: Given | None, where: Given | None = None, of: Manifest = OF) -> Personal:
    return personalise(of, "0.1.3", who, where, NOW)


def refused(who: Given | None, where: Given | None = None, of: Manifest = OF) -> str:
    with pytest.raises(CampboxError) as error:
        check(who, where, of)
    assert "\n" not in str(error.value)
    assert error.value.mend
    assert "A" * 43 not in str(error.value), "no message tells the token"
    return str(error.value)


def test_what_was_given_goes_onto_the_card_byte_by_byte() -> None:
    found = check(identity(), site())
    assert found.files == {IDENTITY: identity(), SITE: site()}
    assert summary(OF, found) == "box camp-north-1 for hub.example.org:443, Campbox 0.1.0 arm64"


def test_a_card_without_identity_says_so() -> None:
    found = check(None)
    assert found.files == {}
    assert summary(OF, found) == "no identity, site camp-north-1, Campbox 0.1.0 arm64"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"token": "-----BEGIN PRIVATE KEY-----"}, "private key"),
        ({"key": "-----BEGIN EC PRIVATE KEY-----\nMHc"}, "private key"),
        ({"key": "MHcCAQEEIA"}, "'key', which does not belong"),
        ({"token": ...}, "no token"),
        ({"token": None}, "no token"),
        ({"token": "short"}, "not a token"),
        ({"box": "Camp North"}, "not a box id"),
        ({"pin": "sha256:1"}, "not a pin"),
        ({"hub": {"host": "hub", "port": 0}}, "not a port"),
        ({"hub": ...}, "hub is missing"),
        ({"site": "camp-south-1"}, "for the site camp-south-1, the image for camp-north-1.*--site"),
        ({"expires": NOW - 1}, "expired 2027"),
        ({"expires": "soon"}, "not a number"),
        ({"expires": 1e300}, "not a number"),
        ({"expires": True}, "not a number"),
    ],
)
def test_an_identity_that_must_not_go_onto_a_card_is_refused(changes: dict[str, Any], why: str) -> None:
    import re

    assert re.search(why, refused(identity(**changes)))


def test_a_file_older_than_any_ticket_lives_is_expired() -> None:
    old = Given("identity.json", identity().content, NOW - 15 * 86_400)
    assert "expired" in refused(old)
    assert check(Given("identity.json", identity(expires=NOW + 5).content, NOW - 15 * 86_400)).identity


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"7", b"[" * 100_000, b"\xff\xfe", b'"' + b"x" * 300_000 + b'"'])
def test_what_is_no_identity_is_refused_in_one_line(content: bytes) -> None:
    assert refused(Given("identity.json", content, NOW)).startswith("identity.json: ")


def test_a_site_file_must_be_right_and_for_this_version() -> None:
    assert "site.toml:" in refused(
        None, site(EXAMPLE.replace(b"eth0", b"eth0 ", 1).replace(b'country = "JO"', b'country = "Jordan"'))
    )
    assert "newer Campbox" in refused(None, site(EXAMPLE.replace(b"format = 1 ", b"format = 9 ")))
    assert "cannot say whether" in refused(None, site(), Manifest("0.2.0", "arm64", "camp-north-1", ""))
    assert "UTF-8" in refused(None, site(b"\xff"))
    assert "private key" in refused(None, site(EXAMPLE + b"# -----BEGIN PRIVATE KEY-----"))
    assert "outside the demo" in refused(None, site(EXAMPLE.replace(b"sample = false", b"sample = true")))


def test_a_public_name_is_refused_as_a_card_brings_no_certificate_and_no_page_would_come() -> None:
    said = refused(None, site(EXAMPLE.replace(b"# api_name", b"api_name")))
    assert said.startswith("site.toml: [access]: ") and "certificate" in said and "remove api_name" in said


def test_identity_and_site_file_must_be_of_one_site_and_one_hub() -> None:
    other = EXAMPLE.replace(b'id = "camp-north-1"', b'id = "camp-south-1"')
    assert "the site file for camp-south-1" in refused(identity(), site(other))
    assert check(identity(site="camp-south-1"), site(other)).site == "camp-south-1"
    pinned = EXAMPLE.replace(b'# ca = "sha256:..."', b'ca = "sha256:' + b"1" * 64 + b'"')
    assert "two different hubs" in refused(identity(), site(pinned))


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "not a Campbox image"),
        (b"", "not JSON"),
        (b"[]", "not an object"),
        (making.text({**making.MANIFEST, "format": 2}), "has format 2"),
        (making.text({"format": 1}), "does not say"),
    ],
)
def test_what_an_image_says_of_itself_is_checked(content: bytes | None, why: str) -> None:
    with pytest.raises(CampboxError, match=why):
        parse_manifest(content)


def test_a_manifest_is_read() -> None:
    assert parse_manifest(making.text(making.MANIFEST)) == Manifest("0.1.0", "arm64", "camp-north-1", "ab" * 32)


JSON = st.recursive(st.none() | st.booleans() | st.floats() | st.text(max_size=50), lambda one: st.lists(one, max_size=3))


@given(st.dictionaries(st.sampled_from([*making.IDENTITY, "expires", "format", "campbox", "arch"]), JSON), st.binary(max_size=200))
def test_whatever_is_given_is_checked_or_refused(values: dict[str, Any], raw: bytes) -> None:
    for content in (json.dumps({**making.IDENTITY, **values}).encode(), json.dumps(values).encode(), raw):
        for deed in (lambda c: parse_manifest(c), lambda c: check(Given("f", c, NOW)), lambda c: check(None, site(c))):
            try:
                deed(content)
            except CampboxError as error:
                assert "\n" not in str(error)
