"""E A fresh machine to try the first start on: a bare Debian in a folder, entered by chroot in namespaces of its own."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from subprocess import CompletedProcess

from appliance.errors import MissingComponent
from appliance.run import run
from provisioning.lab.pace import patient

BARE = "git,python3,sudo,ca-certificates,procps,iproute2"
"""What is there beside a minimal Debian: what a clone needs, and what looks at ports."""
_BROUGHT = ("/etc/resolv.conf", "/etc/hosts", "/etc/pip.conf", "/etc/ssl/certs/ca-certificates.crt")
_ENTER = """\
mount --bind "$0" "$0"; cd "$0"
mount -t proc proc proc; mount --rbind /sys sys; mount --rbind /dev dev
mount -t tmpfs tmpfs run; mount -t tmpfs -o mode=1777 tmpfs tmp
exec chroot "$0" su -s /bin/bash - "$1" -c "$2"
"""


class Machine:
    """A bare Debian below ``root``, with the package sources, name servers and certificates of this machine."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def install(self) -> None:
        """Make it (20 s, 300 MB). Raises MissingComponent when there is no package source, CommandFailed when it fails."""
        sources = [
            p
            for p in (Path("/etc/apt/sources.list"), Path("/etc/apt/sources.list.d/debian.sources"))
            if p.is_file() and p.stat().st_size
        ]
        if not sources:
            raise MissingComponent("this machine names no Debian package source", mend="fill /etc/apt/sources.list")
        suite = run(["sh", "-c", '. /etc/os-release; echo "$VERSION_CODENAME"']).stdout.strip()
        run(
            ["mmdebstrap", "--quiet", "--variant=minbase", f"--include={BARE}", suite, str(self.root), str(sources[-1])],
            timeout=patient(600),
        )
        for path in filter(os.path.exists, _BROUGHT):
            shutil.copy(path, self.root / path.lstrip("/"))

    def add_user(self, name: str, *, sudo: bool) -> None:
        """An ordinary user whose home is 0700."""
        run(["chroot", str(self.root), "useradd", "--create-home", "--shell", "/bin/bash", name])
        (self.root / "home" / name).chmod(0o700)
        if sudo:
            rule = self.root / "etc/sudoers.d" / name
            rule.write_text(f"{name} ALL=(ALL) NOPASSWD: ALL\n")
            rule.chmod(0o440)

    def clone(self, project: Path, user: str) -> Path:
        """A new clone of the project in the user's home, in place of an earlier one; the answer is its path inside."""
        home = Path("/root") if user == "root" else Path("/home") / user
        shutil.rmtree(f"{self.root}{home}/campbox", ignore_errors=True)
        run(["git", "clone", "--quiet", str(project), f"{self.root}{home}/campbox"], timeout=patient(120))
        run(["chroot", str(self.root), "chown", "-R", f"{user}:", f"{home}/campbox"])
        return home / "campbox"

    def run(self, user: str, command: str, timeout: float | None = None) -> CompletedProcess[str]:
        """Run a line of shell as a user, logged in; whatever it leaves running ends with it."""
        kept = " ".join(f"{name}='{value}'" for name, value in os.environ.items() if name.startswith("PIP_") and "'" not in value)
        inside = [
            "unshare",
            "--mount",
            "--pid",
            "--fork",
            "--kill-child",
            "sh",
            "-c",
            _ENTER,
            str(self.root),
            user,
            f"export {kept} CI=1; {command}",
        ]
        return run(inside, timeout=timeout or patient(600), check=False)

    def accounts(self) -> str:
        """Everybody it knows."""
        return (self.root / "etc/passwd").read_text() + (self.root / "etc/group").read_text()

    def remove(self) -> None:
        """Delete it."""
        shutil.rmtree(self.root, ignore_errors=True)
