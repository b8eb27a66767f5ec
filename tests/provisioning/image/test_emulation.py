"""The registration of another processor's programs: the ELF header, byte by byte."""

from __future__ import annotations

import pytest

from provisioning.image import recipe
from provisioning.image.emulation import registration


def _parts(line: bytes) -> tuple[str, bytes, bytes, str, str]:
    _, name, kind, offset, magic, mask, interpreter, flags = line.decode().split(":")
    assert (kind, offset) == ("M", "")
    return name, bytes.fromhex(magic.replace("\\x", "")), bytes.fromhex(mask.replace("\\x", "")), interpreter, flags


@pytest.mark.parametrize(("arch", "name", "machine"), [("arm64", "campbox-aarch64", 183), ("amd64", "campbox-x86_64", 62)])
def test_programs_of_that_processor_match_and_no_others(arch: str, name: str, machine: int) -> None:
    found, magic, mask, interpreter, flags = _parts(registration(recipe.ARCHES[arch], "/usr/bin/qemu"))
    assert (found, interpreter, flags) == (name, "/usr/bin/qemu", "F")
    assert len(magic) == len(mask) == 20

    def matches(header: bytes) -> bool:
        return all(byte & m == value & m for byte, value, m in zip(header, magic, mask, strict=True))

    for kind in (2, 3):  # a program, and one that can be moved
        assert matches(b"\x7fELF\x02\x01\x01" + bytes(9) + bytes([kind, 0]) + machine.to_bytes(2, "little"))
    assert not matches(b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x02\x00" + (243).to_bytes(2, "little"))
    assert not matches(b"\x7fELF\x01\x01\x01" + bytes(9) + b"\x02\x00" + machine.to_bytes(2, "little"))
    assert not matches(b"#!/bin/sh".ljust(20))


def test_the_line_is_short_enough_for_the_kernel() -> None:
    # fs/binfmt_misc.c: MAX_REGISTER_LENGTH
    assert len(registration(recipe.ARCHES["arm64"], "/x" * 100)) < 1920
