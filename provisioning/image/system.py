"""P What stands inside an image beside packages and the project: the one place its builder asks.

``early`` must stand before packages are configured, ``late`` comes over the finished root, ``boot`` into the boot partition.
"""

from __future__ import annotations

from pathlib import Path

from appliance.config import SiteConfig
from appliance.layout import Layout
from provisioning.image import initramfs
from provisioning.image.boot_texts import boot
from provisioning.image.own_units import own_files
from provisioning.image.root_texts import root_files
from provisioning.image.tree import Arch, Slot, TreeFile

__all__ = ["CODE", "PACKAGES", "Arch", "Slot", "TreeFile", "boot", "early", "late"]

CODE = Path("/opt/campbox/lib/python3.11/site-packages")
"""Where an image keeps the project."""

PACKAGES: tuple[str, ...] = (
    "systemd", "systemd-sysv", "systemd-resolved", "systemd-timesyncd", "udev", "dbus",  # the console asks systemd by D-Bus
    "initramfs-tools", "zstd", "kmod", "e2fsprogs", "util-linux", "iproute2", "wireless-regdb",
)  # fmt: skip
"""Debian's packages that these files need."""


def early(config: SiteConfig, arch: Arch) -> tuple[TreeFile, ...]:
    """Files that must be there when the kernel's package makes the initramfs; the same for every site."""
    return initramfs.early(arch)


def late(config: SiteConfig, arch: Arch) -> tuple[TreeFile, ...]:
    """Everything else in the root. Users in ``/etc/sysusers.d`` are still to be made, by systemd-sysusers."""
    return (*root_files(config, arch), *own_files(Layout.system(CODE)))
