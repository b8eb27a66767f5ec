"""What the start before the start does, where booting has shown that it matters."""

from __future__ import annotations

import re

from provisioning.image import initramfs


def test_no_folder_of_the_initramfs_holds_a_mount_point() -> None:
    """klibc's run-init skips what is mounted at the top, and ends the start at a folder it finds not empty."""
    (script,) = [one.text for one in initramfs.early("amd64") if one.path.endswith("local-bottom/campbox")]
    mounted = [line.split("||")[0].split()[-1] for line in script.replace("||\n", "|| ").splitlines() if line.startswith("mount ")]
    ours = [point for point in mounted if point.startswith("/")]
    assert ours[0] == "/campbox"
    assert all(re.fullmatch(r"/campbox(/[a-z]+)?", point) for point in ours)
