"""Room in the kernel's tables is raised where it is too little, and never lowered."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.gate import interfaces


def test_room_for_a_thousand_phones_is_made_and_more_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small, large = tmp_path / "net/ipv4/neigh/default/gc_thresh3", tmp_path / "net/netfilter/nf_conntrack_max"
    for path, value in ((small, 1024), (large, 262_144)):
        path.parent.mkdir(parents=True)
        path.write_text(f"{value}\n")
    monkeypatch.setattr(interfaces, "_SWITCHES", tmp_path)
    interfaces._make_room()
    assert (small.read_text(), large.read_text()) == ("8192", "262144\n")
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == ["gc_thresh3", "nf_conntrack_max"]
