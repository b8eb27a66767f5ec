"""P The Captive Portal API of RFC 8908."""

from __future__ import annotations

import json

from captive_portal.device import Device

MEDIA_TYPE = "application/captive+json"
OLD_MEDIA_TYPE = "application/capport+json"
"""What the drafts called it; some phones still ask for this name."""

LONGEST = 4096

CUSTOM_TABS = ("x-android-use-custom-tabs", 361335020)
"""Android 12 and later opens the portal in the phone's own browser, and no more in a bare one without its languages and zoom, where
the API says so with this number (source.android.com: "Use Custom Tabs for captive portals"). Others pass over unknown keys, as RFC
8908 section 5 has it."""


def document(device: Device, *, portal_url: str, venue_url: str) -> str:
    """RFC 8908 section 5, as text of at most 4096 characters.

    ``captive`` is the only key a client must understand. ``seconds-remaining`` and ``bytes-remaining`` are told only when
    not captive, as the section says, the latter where the site has a volume for a day; who has used it up can extend nothing.
    """
    answer: dict[str, bool | int | str] = {
        "captive": not device.online,
        "user-portal-url": portal_url,
        "venue-info-url": venue_url,
        "can-extend-session": not device.used_up,
        CUSTOM_TABS[0]: CUSTOM_TABS[1],
    }
    if device.online and device.seconds_remaining is not None:
        answer["seconds-remaining"] = device.seconds_remaining
    if device.online and device.quota is not None:
        answer["bytes-remaining"] = device.quota.left
    return json.dumps(answer)


def media_type(untrusted_accept: str | None) -> str:
    """The name of the format this client knows."""
    accept = (untrusted_accept or "").lower()
    return OLD_MEDIA_TYPE if OLD_MEDIA_TYPE in accept and MEDIA_TYPE not in accept else MEDIA_TYPE
