"""The emulated computers: the card boots by itself, nothing is handed to it, and eth0 is the people's side."""

from __future__ import annotations

from pathlib import Path

import pytest

from provisioning.lab import qemu
from provisioning.lab import topology as plan


def command(arch: str, card: str = "/card.img") -> str:
    return " ".join(qemu.command(qemu.KINDS[arch], Path(card), Path("/variables")))


@pytest.mark.parametrize("arch", sorted(qemu.KINDS))
def test_the_firmware_finds_the_system_on_the_card(arch: str) -> None:
    said = command(arch)
    assert "-kernel" not in said and "-initrd" not in said and "-append" not in said
    assert "file=/card.img" in said and "virtio-blk-pci,drive=card,bootindex=0" in said
    assert str(qemu.KINDS[arch].firmware) in said
    assert "kvm" not in said


@pytest.mark.parametrize("arch", sorted(qemu.KINDS))
def test_the_first_network_card_is_the_lan_and_neither_boots_from_the_network(arch: str) -> None:
    said = command(arch)
    assert said.index(plan.LAN_TAP) < said.index(plan.WAN_TAP)
    assert said.count("romfile=") == said.count("virtio-net-pci") == 2
    assert plan.CARD_LAN_MAC != plan.CARD_WAN_MAC != plan.WAN_MAC


def test_only_the_firmware_that_needs_variables_gets_them() -> None:
    assert "/variables" in command("amd64")
    assert "/variables" not in command("arm64")


def test_a_comma_in_a_path_does_not_end_it() -> None:
    assert "file=/odd,,name.img" in command("arm64", "/odd,name.img")


def test_the_clock_is_far_off_as_on_a_board_without_one() -> None:
    assert "base=2001-01-01T00:00:00" in command("arm64")
