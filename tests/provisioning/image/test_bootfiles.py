"""The boot partition's plan: everything that firmware and loader look for, for every board the image is for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import NotSo
from provisioning.image import recipe
from provisioning.image.bootfiles import BOARDS, QUIET, kernel_version, plan
from provisioning.image.layer import dropped

V = "6.1.0-56-arm64"
EFI = "usr/lib/systemd/boot/efi/systemd-bootaa64.efi"
TREES = f"usr/lib/linux-image-{V}/broadcom"
FIRMWARE = [f"usr/lib/raspi-firmware/{name}" for name in ("bootcode.bin", "start.elf", "fixup.dat", "start4.elf", "fixup4.dat")]
FILES = [
    f"boot/vmlinuz-{V}", f"boot/initrd.img-{V}", f"boot/config-{V}", EFI, *FIRMWARE, f"{TREES}/bcm2712-rpi-5-b.dtb",
    *(f"{TREES}/{board}.dtb" for board in BOARDS), "usr/lib/raspi-firmware/overlays/x.dtbo", "etc/passwd",
]  # fmt: skip
ARM, PC = recipe.ARCHES["arm64"], recipe.ARCHES["amd64"]


def test_a_pi_finds_firmware_at_the_top_and_everything_else_in_its_slot() -> None:
    found = plan(ARM, FILES, "system_a")
    assert {"bootcode.bin", "start.elf", "fixup.dat", "start4.elf", "fixup4.dat"} <= set(found)
    assert found["system_a/vmlinuz"] == f"boot/vmlinuz-{V}" and found["system_a/initrd.img"] == f"boot/initrd.img-{V}"
    # each board by the kernel's name for it and by the firmware's
    for name in ("bcm2711-rpi-4-b", "bcm2837-rpi-3-b", "bcm2710-rpi-3-b", "bcm2837-rpi-zero-2-w", "bcm2710-rpi-zero-2-w"):
        assert f"system_a/{name}.dtb" in found
    assert found["system_a/bcm2710-rpi-3-b.dtb"] == f"{TREES}/bcm2837-rpi-3-b.dtb"
    assert found["EFI/BOOT/BOOTAA64.EFI"] == EFI
    assert "etc/passwd" not in found.values() and not [path for path in found if path.endswith(".dtbo")]


def test_a_pc_gets_kernel_initramfs_and_loader_alone() -> None:
    files = [
        "boot/vmlinuz-6.1.0-56-amd64",
        "boot/initrd.img-6.1.0-56-amd64",
        "usr/lib/systemd/boot/efi/systemd-bootx64.efi",
        *FIRMWARE,
    ]
    assert set(plan(PC, files, "system_b")) == {"system_b/vmlinuz", "system_b/initrd.img", "EFI/BOOT/BOOTX64.EFI"}


@pytest.mark.parametrize("without", [f"boot/vmlinuz-{V}", f"boot/initrd.img-{V}", EFI])
def test_what_nothing_boots_without_is_missed(without: str) -> None:
    with pytest.raises(NotSo):
        plan(ARM, [file for file in FILES if file != without])


@pytest.mark.parametrize("without", ["usr/lib/raspi-firmware/", TREES])
def test_what_no_pi_boots_without_is_missed(without: str) -> None:
    with pytest.raises(NotSo, match="Raspberry Pi"):
        plan(ARM, [file for file in FILES if not file.startswith(without)])


def test_the_newest_kernel_is_taken_by_its_numbers() -> None:
    assert kernel_version(["boot/vmlinuz-6.1.0-9-arm64", "boot/vmlinuz-6.1.0-56-arm64"]) == "6.1.0-56-arm64"


@given(st.lists(st.text(max_size=30)))
def test_any_tree_gives_a_version_or_one_line(files: list[str]) -> None:
    try:
        assert f"boot/vmlinuz-{kernel_version(files)}" in files
    except NotSo as error:
        assert "no kernel" in str(error)


def test_a_script_that_is_kept_from_being_unpacked_and_is_called_all_the_same_does_nothing_and_goes() -> None:
    paths = [file.path for file in QUIET["arm64"]]
    assert set(paths) <= set(recipe.EXCLUDED_PATHS)
    assert all(dropped(path.lstrip("/")) for path in paths)
    assert all(file.mode == 0o755 and file.text == "#!/bin/sh\nexit 0\n" for file in QUIET["arm64"])
