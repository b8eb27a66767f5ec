"""The lab's authority: keys it writes are for their owner alone."""

from __future__ import annotations

import datetime
from pathlib import Path

from provisioning.lab.trust import Authority

NOW = datetime.datetime(2026, 11, 22, tzinfo=datetime.UTC)


def test_a_servers_key_is_for_its_owner_alone(tmp_path: Path) -> None:
    key = tmp_path / "key.pem"
    key.write_text("an old one")
    key.chmod(0o644)
    Authority.create(NOW).issue(["portal.example.org"], tmp_path / "cert.pem", key, NOW)
    assert key.stat().st_mode & 0o777 == 0o600
