"""P What the two square codes say, and the codes as pictures."""

from __future__ import annotations

import io

import segno

QUIET = 4
"""Modules of white around a code (ISO/IEC 18004 section 9.1)."""
_ESCAPED = str.maketrans({character: f"\\{character}" for character in '\\;,:"'})
"""segno's own helper leaves the comma as it is; readers cut the name there."""


def wifi_uri(ssid: str) -> str:
    """The text that makes a phone offer to join (the "WIFI:" URI, ZXing wiki "Barcode Contents").

    ``nopass`` is right for an open network and for OWE: Android 10 and later saves both kinds under it, since a phone
    that can encrypt shall, and iPhones do so by themselves in transition mode. There is nothing secret in it.
    """
    return f"WIFI:T:nopass;S:{ssid.translate(_ESCAPED)};;"


def page_uri(portal_name: str, page: str = "") -> str:
    """The address people type: short, and the same in every language."""
    return f"http://{portal_name}/{page}"


def picture(text: str) -> str:
    """The code as SVG. A quarter of it may be torn or dirty (level Q) and it is still read."""
    code = segno.make_qr(text, error="q", boost_error=False)
    svg = io.BytesIO()
    code.save(svg, kind="svg", xmldecl=False, border=QUIET, omitsize=True, nl=False)
    return svg.getvalue().decode()
