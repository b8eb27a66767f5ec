"""P The texts in the boot partition: for the Raspberry Pi's firmware and, in the same partition, for UEFI.

Each slot has a folder of its own with kernel, initramfs, device trees and command line; ``config.txt`` and ``loader.conf``
name the slot that starts.
"""

from __future__ import annotations

from provisioning.image.tree import Arch, Slot, TreeFile

_CONFIG_TXT = """\
# Raspberry Pi 3, 4 and Zero 2 W with Debian's kernel.
# Everything of the system comes from the slot's folder: kernel, initramfs, cmdline.txt and device trees. The firmware drops
# the prefix without a word unless it finds kernel and device tree there.
os_prefix={slot}/
# Debian's device trees have the names of the mainline kernel: bcm2711-rpi-4-b.dtb, bcm2837-rpi-zero-2-w.dtb.
upstream_kernel=1
arm_64bit=1
kernel=vmlinuz
initramfs initrd.img followkernel
# The serial console on pins 8 and 10; fixes the clock that its speed is made from.
enable_uart=1
# A picture even when the screen is plugged in later.
hdmi_force_hotplug=1
disable_splash=1
"""

_COMMON = (
    # Which slot; the firmware or UEFI entry of the other slot names the other.
    "root=PARTLABEL={slot} rootfstype=squashfs ro rootwait",
    # The backup of the partition table counts when a power cut spoilt the first copy while it grew (block/partitions/efi.c).
    "gpt",
    # eth0, eth1, wlan0 as site files say.
    "net.ifnames=0",
    # A box that cannot start tries again; nobody is there to press a key.
    "panic=10",
    # Nothing is mounted because it is on the disk: /etc/fstab says all.
    "systemd.gpt_auto=0",
    # The console's page is what people read; systemd's moving stars would run through it on a slow start.
    "loglevel=4 systemd.show_status=error",
)
_CONSOLES = {"pi": "ttyS1,115200", "arm64": "ttyAMA0,115200", "amd64": "ttyS0,115200"}
_PI = "cma=64M"

_ENTRY = """\
title Campbox {slot}
linux /{slot}/vmlinuz
initrd /{slot}/initrd.img
options {options}
"""

_LOADER = """\
default {slot}.conf
timeout 0
editor no
console-mode keep
"""


def boot(arch: Arch, slot: Slot) -> tuple[TreeFile, ...]:
    """What a boot partition with one filled slot holds beside programs; paths are relative to the partition."""
    files = [
        TreeFile("loader/loader.conf", _LOADER.format(slot=slot)),
        TreeFile(f"loader/entries/{slot}.conf", _ENTRY.format(slot=slot, options=_options(slot, _CONSOLES[arch]))),
    ]
    if arch == "arm64":
        files.append(TreeFile("config.txt", _CONFIG_TXT.format(slot=slot)))
        files.append(TreeFile(f"{slot}/cmdline.txt", f"{_options(slot, _CONSOLES['pi'])} {_PI}\n"))
    return tuple(files)


def _options(slot: Slot, serial: str) -> str:
    """The serial line comes last: it becomes /dev/console, where the initramfs says what is wrong."""
    return " ".join([*_COMMON, f"console=tty1 console={serial}"]).format(slot=slot)
