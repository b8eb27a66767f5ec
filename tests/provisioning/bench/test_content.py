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


def step(number: int, published: int | None, bsdiff: int | None = 1_000) -> dict[str, object]:
    return {
        "version": f"{number:02}", "snapshot": 50_000, "published_whole": 7_000, "published": published if number else None,
        "whole": 9_000, "patch": 1_500 if number else None, "bsdiff": bsdiff if number else None, "seconds": 0.1 * number,
    }  # fmt: skip


def test_updates_are_judged_by_what_the_hub_publishes() -> None:
    patches, by_zstd, by_bsdiff, whole, seconds = content.updates([step(n, 1_000) for n in range(11)])
    assert (patches.value, patches.met, patches.runs) == (10.0, True, (1.0,) * 10)
    assert patches.peer is not None and patches.peer.value == 90.0
    assert (by_zstd.value, by_bsdiff.value, whole.value, seconds.value) == (15.0, 10.0, 7.0, 1.0)


def test_an_update_without_a_patch_costs_the_whole() -> None:
    results = content.updates([step(n, None, bsdiff=None) for n in range(11)])
    assert (results[0].value, results[0].met) == (70.0, False)
    assert not any("bsdiff" in result.name for result in results)
