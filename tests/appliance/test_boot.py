"""One id for each boot, whatever the file systems did."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance import boot
from appliance.layout import Layout

ONE, TWO = "6f1c7f0e-1a2b-4c3d-8e9f-0123456789ab", "6f1c7f0e-1a2b-4c3d-8e9f-0123456789ac"


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    made = Layout.under(tmp_path, tmp_path)
    made.run.mkdir()
    return made


@pytest.fixture
def kernel(tmp_path: Path) -> Path:
    (tmp_path / "kernel").write_text(f"{ONE}\n")
    return tmp_path / "kernel"


def test_an_id_stands_for_the_whole_boot(layout: Layout, kernel: Path) -> None:
    boot.make(layout, kernel)
    first = boot.read(layout)
    boot.make(layout, kernel)
    assert boot.read(layout) == first is not None


@pytest.mark.parametrize("torn", [b"", b"\n", b"6f1c7f0e-1a2b", b"\xff\xfe", b"{}"])
def test_r3_a_torn_id_is_made_anew_or_every_boot_would_be_the_same(layout: Layout, kernel: Path, torn: bytes) -> None:
    layout.boot_id_file.write_bytes(torn)
    assert boot.read(layout) is None
    boot.make(layout, kernel)
    assert boot.read(layout) is not None


def test_r3_where_run_is_no_ram_another_boot_of_the_kernel_gets_another_id(layout: Layout, kernel: Path) -> None:
    boot.make(layout, kernel)
    first = boot.read(layout)
    kernel.write_text(f"{TWO}\n")
    boot.make(layout, kernel)
    second = boot.read(layout)
    boot.make(layout, kernel)
    assert first != second == boot.read(layout)


def test_a_kernel_that_hides_its_id_changes_none(layout: Layout, kernel: Path) -> None:
    boot.make(layout, kernel)
    first = boot.read(layout)
    boot.make(layout, kernel.with_name("hidden"))
    boot.make(layout, kernel)
    assert boot.read(layout) == first
