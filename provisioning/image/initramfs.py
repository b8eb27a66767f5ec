"""P The start before the start: what the initramfs holds, and the overlay in RAM that it puts over the read-only system.

Must stand in the root before the kernel's package is configured, which makes the initramfs.
"""

from __future__ import annotations

from provisioning.image.tree import Arch, TreeFile

_DISKS = (
    "virtio_pci", "virtio_mmio", "virtio_blk", "virtio_scsi", "sd_mod", "mmc_block", "usb_storage", "uas", "xhci_pci", "ehci_pci",
)  # fmt: skip
_ONLY: dict[Arch, tuple[str, ...]] = {
    "arm64": (
        # SD on the Pi 4 (sdhci-iproc, its voltage behind the firmware's GPIO expander), on the Pi 3 and Zero 2 W (bcm2835).
        "sdhci_iproc", "bcm2835", "gpio_regulator", "gpio_raspberrypi_exp", "clk_raspberrypi", "bcm2835_wdt",
        # USB disks: behind PCIe on the Pi 4, on the SoC's own controller on the others.
        "pcie_brcmstb", "reset_raspberrypi", "dwc2",
    ),
    "amd64": ("ahci", "ata_piix", "nvme", "sdhci_pci", "sdhci_acpi", "rtsx_pci_sdmmc"),
}  # fmt: skip
"""What may hold the card, by kernel module; udev loads those whose hardware is there."""

_CONF = """\
# Named modules only: finding out what this machine needs would describe the machine that builds the image.
MODULES=list
COMPRESS=zstd
RESUME=none
"""

_HOOK = """\
#!/bin/sh
# What may hold the card is loaded when its hardware is there; the system's own file systems always.
case "$1" in prereqs) exit 0 ;; esac
. /usr/share/initramfs-tools/hook-functions
manual_add_modules {modules}
for module in squashfs overlay{forced}; do
    force_load "$module"
done
"""

_OVERLAY = """\
#!/bin/sh
# The system slot is read-only and stays so: what is written lands in RAM and is gone at the next start.
case "$1" in prereqs) exit 0 ;; esac
. /scripts/functions
# One mount point, at the top: run-init empties the initramfs and gives up at a folder in which something is mounted.
mkdir /campbox
mount -t tmpfs -o mode=0755,size=25% campbox-ram /campbox || panic "campbox: no RAM for the overlay"
mkdir /campbox/upper /campbox/work /campbox/system
mount -n -o move "${rootmnt}" /campbox/system || panic "campbox: cannot move the system slot"
mount -t overlay -o lowerdir=/campbox/system,upperdir=/campbox/upper,workdir=/campbox/work campbox-root "${rootmnt}" ||
    panic "campbox: cannot lay RAM over the system slot"
# The overlay holds both by itself.
umount -l /campbox
"""


def early(arch: Arch) -> tuple[TreeFile, ...]:
    """initramfs-tools' configuration (initramfs.conf(5), initramfs-tools(7)) and its two scripts."""
    forced = " bcm2835_wdt" if arch == "arm64" else ""  # systemd looks for the watchdog as it starts, before udev
    return (
        TreeFile("/etc/initramfs-tools/conf.d/campbox", _CONF),
        TreeFile("/etc/initramfs-tools/hooks/campbox", _HOOK.format(modules=" ".join(_DISKS + _ONLY[arch]), forced=forced), 0o755),
        TreeFile("/etc/initramfs-tools/scripts/local-bottom/campbox", _OVERLAY, 0o755),
    )
