"""E A machine to be entered that is made in no time: busybox in a folder, and what a login needs."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from appliance.run import find_program
from provisioning.lab.machine import Machine

APPLETS = ("sh", "su", "umount", "sleep", "ls", "cat", "mount", "true", "false", "echo", "touch", "chown")


class SmallMachine(Machine):
    """Where only entering and leaving is looked at."""

    def install(self, packages: Sequence[str] = ()) -> None:
        """No Debian: the same folders, one program."""
        for name in ("bin", "etc", "proc", "sys", "dev", "run", "tmp", "mnt", "root"):
            (self.root / name).mkdir(parents=True)
        shutil.copy(find_program("busybox"), self.root / "bin/busybox")
        for name in APPLETS:
            (self.root / "bin" / name).symlink_to("busybox")
        for name, text in (("bash", "exec /bin/sh"), ("git", "exec /bin/true")):
            (self.root / "bin" / name).write_text(f'#!/bin/sh\n{text} "$@"\n')
            (self.root / "bin" / name).chmod(0o755)
        (self.root / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")
        (self.root / "etc/group").write_text("root:x:0:\n")

    def clone(self, project: Path, user: str) -> Path:
        """An empty one."""
        (self.root / "root/campbox").mkdir(exist_ok=True)
        return Path("/root/campbox")
