"""P The boot partition: which of Debian's files go where in it, for the Pi's firmware and for UEFI."""

from __future__ import annotations

import re
from collections.abc import Iterable

from appliance.errors import NotSo
from provisioning.image.recipe import Arch
from provisioning.image.tree import TreeFile

SLOT = "system_a"
BOARDS: dict[str, tuple[str, ...]] = {
    "bcm2711-rpi-4-b": (),
    "bcm2711-rpi-400": (),
    "bcm2711-rpi-cm4-io": ("bcm2711-rpi-cm4",),
    "bcm2837-rpi-3-a-plus": ("bcm2710-rpi-3-a-plus",),
    "bcm2837-rpi-3-b": ("bcm2710-rpi-3-b",),
    "bcm2837-rpi-3-b-plus": ("bcm2710-rpi-3-b-plus",),
    "bcm2837-rpi-cm3-io3": ("bcm2710-rpi-cm3",),
    "bcm2837-rpi-zero-2-w": ("bcm2710-rpi-zero-2-w", "bcm2710-rpi-zero-2"),
}
"""Device trees of the boards an image is for, as the kernel's authors name them -> as the Pi's firmware may ask for them."""
QUIET: dict[str, tuple[TreeFile, ...]] = {
    "arm64": (TreeFile("/etc/kernel/postinst.d/z50-raspi-firmware", "#!/bin/sh\nexit 0\n", 0o755),),
}
"""In the place of scripts that would fill a boot partition as packages are installed: they are called, and have to be there."""
_KERNEL = re.compile(r"boot/vmlinuz-(\S+)\Z")
_VERSION = re.compile(r"\d+")


def plan(kind: Arch, files: Iterable[str], slot: str = SLOT) -> dict[str, str]:
    """Path in the boot partition -> path in Debian's tree. Raises NotSo when something without which nothing boots is missing."""
    here = sorted(files)
    version = kernel_version(here)
    wanted = {
        f"{slot}/vmlinuz": f"boot/vmlinuz-{version}",
        f"{slot}/initrd.img": f"boot/initrd.img-{version}",
        f"EFI/BOOT/BOOT{kind.efi.upper()}.EFI": f"usr/lib/systemd/boot/efi/systemd-boot{kind.efi}.efi",
    }
    if missing := sorted(set(wanted.values()) - set(here)):
        raise NotSo(f"Debian's tree has no {missing[0]}", mend="does the recipe have its package?")
    if kind.name == "arm64":
        wanted |= _raspberry_pi(here, version, slot)
    return wanted


def kernel_version(files: Iterable[str]) -> str:
    """The newest kernel's version. Raises NotSo when there is none."""
    versions = [found[1] for file in files if (found := _KERNEL.match(file))]
    if not versions:
        raise NotSo("Debian's tree has no kernel", mend="does the recipe have its package?")
    return max(versions, key=lambda text: [int(number) for number in _VERSION.findall(text)])


def _raspberry_pi(files: list[str], version: str, slot: str) -> dict[str, str]:
    """Firmware at the top, where the ROM looks; device trees beside the kernel they belong to (``os_prefix``)."""
    above, trees = "usr/lib/raspi-firmware/", f"usr/lib/linux-image-{version}/broadcom/"
    firmware = {name: path for path in files if path.startswith(above) and "/" not in (name := path.removeprefix(above))}
    boards = {
        f"{slot}/{name}.dtb": path
        for board, others in BOARDS.items()
        if (path := f"{trees}{board}.dtb") in files
        for name in (board, *others)
    }
    for what, found in (("firmware", firmware), ("device trees", boards)):
        if not found:
            raise NotSo(
                f"Debian's tree has no {what} for a Raspberry Pi", mend="does the recipe have raspi-firmware and the kernel?"
            )
    return firmware | boards
