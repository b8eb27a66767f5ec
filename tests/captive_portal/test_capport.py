"""RFC 8908, section 5."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captive_portal.capport import LONGEST, document, media_type
from captive_portal.device import Device, Quota, Share

SHARE = Share(1_000_000, 100_000, 3, "equal")
PORTAL, VENUE = "https://portal.example.org/", "https://portal.example.org/ar/services"


def _device(state: str, left: int | None) -> Device:
    return Device(state, left, 0, 0, "up", SHARE)  # type: ignore[arg-type]


def _answer(device: Device) -> dict[str, object]:
    answer: dict[str, object] = json.loads(document(device, portal_url=PORTAL, venue_url=VENUE))
    return answer


def test_captive_tells_where_to_go_and_no_time_byte_for_byte() -> None:
    assert document(_device("captive", 77), portal_url=PORTAL, venue_url=VENUE) == (
        '{"captive": true, "user-portal-url": "https://portal.example.org/", '
        '"venue-info-url": "https://portal.example.org/ar/services", "can-extend-session": true, '
        '"x-android-use-custom-tabs": 361335020}'
    )


def test_online_tells_how_long_byte_for_byte() -> None:
    assert document(_device("admitted", 43_200), portal_url=PORTAL, venue_url=VENUE) == (
        '{"captive": false, "user-portal-url": "https://portal.example.org/", '
        '"venue-info-url": "https://portal.example.org/ar/services", "can-extend-session": true, '
        '"x-android-use-custom-tabs": 361335020, "seconds-remaining": 43200}'
    )


@pytest.mark.parametrize("state", ["admitted", "grace"])
def test_online_tells_how_long(state: str) -> None:
    answer = _answer(_device(state, 3600))
    assert answer["captive"] is False and answer["seconds-remaining"] == 3600


def test_a_days_volume_is_told_when_online_byte_for_byte_and_who_has_used_it_up_can_extend_nothing() -> None:
    online = replace(_device("admitted", 60), quota=Quota(500_000_000, 123_456, 7_200))
    assert document(online, portal_url=PORTAL, venue_url=VENUE).endswith(
        '"can-extend-session": true, "x-android-use-custom-tabs": 361335020, "seconds-remaining": 60, "bytes-remaining": 123456}'
    )
    used_up = _answer(replace(_device("captive", None), quota=Quota(500_000_000, 0, 7_200)))
    assert used_up["captive"] is True and used_up["can-extend-session"] is False and "bytes-remaining" not in used_up


def test_without_an_end_no_time_is_told() -> None:
    assert "seconds-remaining" not in _answer(_device("admitted", None))


@given(st.integers(0, 10**9), st.text(st.characters(codec="ascii", min_codepoint=33), max_size=253))
def test_it_is_never_longer_than_the_standard_allows(left: int, name: str) -> None:
    text = document(_device("admitted", left), portal_url=f"https://{name}/", venue_url=f"https://{name}/ar/services")
    assert len(text) <= LONGEST


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (None, "application/captive+json"),
        ("*/*", "application/captive+json"),
        ("application/captive+json", "application/captive+json"),
        ("application/capport+json", "application/capport+json"),
        ("application/capport+json, application/captive+json", "application/captive+json"),
    ],
)
def test_the_format_has_the_name_the_phone_knows(accept: str | None, kind: str) -> None:
    assert media_type(accept) == kind
