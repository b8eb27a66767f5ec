"""The catalogue's bench asks what it says it asks."""

from __future__ import annotations

import re

from provisioning.bench import content


def test_the_script_holds_every_address_once_and_a_device_for_each_request() -> None:
    addresses = [f"/ar/services/search?q=%D8%{n:02}" for n in range(40)]
    with content._script(addresses) as script:
        text = script.read_text(encoding="utf-8")
    assert re.findall(r'"(/ar[^"]*)"', text) == addresses
    assert "started * 20" in text and 'X-Real-IP"] = device' in text and "%%" not in text
