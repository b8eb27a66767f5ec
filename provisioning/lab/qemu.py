"""P The machines that an image is booted in: firmware, processor and cards as data, and the command lines of QEMU.

No kernel is handed over: the firmware (UEFI) finds systemd-boot on the card, as on a PC, and that finds the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from provisioning.lab import topology as plan

PROCESSORS, MEMORY_MB = 2, 1024
"""As much as the smallest board this is made for with some room, whatever this machine has: see the hardware table."""
NO_CLOCK = "2001-01-01T00:00:00"
"""What the machine's own clock says at power-on: a Raspberry Pi has none, so this is far off on purpose."""


@dataclass(frozen=True)
class Kind:
    """A machine: ``firmware`` is what runs first; ``variables`` its empty memory, copied for each card (None: it needs none)."""

    arch: str
    program: str
    machine: str
    processor: str
    firmware: Path
    variables: Path | None


_OVMF = Path("/usr/share/OVMF")

KINDS: Mapping[str, Kind] = {
    "amd64": Kind("amd64", "qemu-system-x86_64", "q35", "max", _OVMF / "OVMF_CODE_4M.fd", _OVMF / "OVMF_VARS_4M.fd"),
    # The processor of a Raspberry Pi 4. Of the packaged firmwares for arm64 this one is started without any variables.
    "arm64": Kind("arm64", "qemu-system-aarch64", "virt", "cortex-a72", Path("/usr/share/qemu-efi-aarch64/QEMU_EFI.fd"), None),
}  # fmt: skip
"""By Debian's name of the architecture."""


def command(kind: Kind, card: Path, variables: Path) -> tuple[str, ...]:
    """How the machine is started with ``card`` in its slot. Console on standard output, eth0 on the LAN, eth1 on the uplink.

    Emulated throughout (TCG): KVM does not work on every host, and arm64 has none on a PC.
    """
    return (
        kind.program, "-nodefaults", "-no-user-config", "-display", "none", "-monitor", "none",
        "-machine", kind.machine, "-accel", "tcg,thread=multi", "-cpu", kind.processor,
        "-smp", str(PROCESSORS), "-m", str(MEMORY_MB), "-rtc", f"base={NO_CLOCK}",
        *_firmware(kind, variables),
        "-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console",
        "-drive", f"if=none,id=card,format=raw,file={_escaped(card)}", "-device", "virtio-blk-pci,drive=card,bootindex=0",
        *_card("lan", plan.LAN_TAP, plan.CARD_LAN_MAC), *_card("wan", plan.WAN_TAP, plan.CARD_WAN_MAC),
        "-device", "virtio-rng-pci", "-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny",
    )  # fmt: skip


def _firmware(kind: Kind, variables: Path) -> tuple[str, ...]:
    if kind.variables is None:
        return ("-bios", str(kind.firmware))
    return (
        "-drive", f"if=pflash,unit=0,format=raw,readonly=on,file={_escaped(kind.firmware)}",
        "-drive", f"if=pflash,unit=1,format=raw,file={_escaped(variables)}",
    )  # fmt: skip


def _card(name: str, tap: str, mac: str) -> tuple[str, ...]:
    """A network card without offloads (what arrives are frames as on a wire) and without a network boot of its own."""
    device = f"virtio-net-pci,netdev={name},mac={mac},csum=off,gso=off,guest_csum=off,romfile="
    return ("-netdev", f"tap,id={name},ifname={tap},script=no,downscript=no,vhost=off", "-device", device)


def _escaped(path: Path) -> str:
    """A comma ends a value unless it is doubled."""
    return str(path).replace(",", ",,")
