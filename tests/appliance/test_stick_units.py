"""The unit and the rule for a stick: root mounts in a namespace of its own, and has neither network nor any other device."""

from __future__ import annotations

from pathlib import Path

from appliance import stick_units
from appliance.layout import Layout

TEXT = stick_units.unit(Layout.system(Path("/opt/campbox")), "/opt/campbox/.venv/bin/python")


def test_the_unit_runs_the_helper_on_the_partition_that_udev_named() -> None:
    assert "ExecStart=/opt/campbox/.venv/bin/python -m content_cache.stick /dev/%I\n" in TEXT
    assert "campbox-stick@%k.service" in stick_units.rule() and stick_units.UNIT == "campbox-stick@.service"


def test_root_can_mount_and_step_down_and_nothing_else() -> None:
    for line in (
        "CapabilityBoundingSet=CAP_SYS_ADMIN CAP_SETUID CAP_SETGID", "PrivateMounts=yes", "PrivateNetwork=yes",
        "DevicePolicy=closed",
        "DeviceAllow=block-sd r", "RestrictNamespaces=mnt", "NoNewPrivileges=yes", "ProtectSystem=strict",
        "ReadWritePaths=/run/campbox /var/lib/campbox/content",
    ):  # fmt: skip
        assert f"{line}\n" in TEXT


def test_only_fat_on_usb_starts_it() -> None:
    rule = stick_units.rule()
    assert 'ENV{ID_BUS}=="usb"' in rule and 'ENV{ID_FS_TYPE}=="vfat|exfat"' in rule and rule.count("\n") == 1
