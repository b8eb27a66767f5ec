"""E A fresh machine to try the first start on: a bare Debian in a folder, entered in namespaces of its own."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from subprocess import CompletedProcess

from appliance.errors import MissingComponent, Refused
from appliance.run import run
from provisioning.lab.pace import patient

NOTHING_BUT = ("git", "python3")
"""What the README asks for, beside a minimal Debian."""
BARE = (*NOTHING_BUT, "sudo", "ca-certificates", "procps", "iproute2")
"""The same with what an ordinary user needs, and what looks at ports."""
MOUNTS = Path("/proc/self/mounts")
_BROUGHT = ("/etc/resolv.conf", "/etc/hosts", "/etc/ssl/certs/ca-certificates.crt")
_AUTHORITIES = "/usr/local/share/ca-certificates"
"""Where an office puts its own, for update-ca-certificates(8): ca-certificates, once installed, writes the file above anew."""
_PIP = ("/etc/pip.conf", "/etc/xdg/pip/pip.conf")
"""Where a whole machine's settings of pip stand (pip's user guide, "Configuration")."""
_PIP_OF_USER = (".config/pip/pip.conf", ".pip/pip.conf")
_PIP_TAKEN = "/etc/pip-of-the-user.conf"
"""Where those of whoever runs this stand on the fresh machine, for all its users."""
_PATH = re.compile(r"(?:^|(?<=[\s=,'\"])|(?<=file://))/[^\s,'\"]+", re.M)
_APART = ("setpriv", "--pdeathsig", "KILL", "--", "unshare", "--mount", "--pid", "--fork", "--kill-child")
# Not a mere chroot: from within one no user namespace can be made (user_namespaces(7)), which systemd's cells want.
_ENTER = """\
set -e
user=$1 line=$2; shift 2
mount --bind "$0" "$0"; cd "$0"
for folder; do mkdir -p ".$folder"; mount --bind "$folder" ".$folder"; mount -o remount,bind,ro ".$folder"; done
mount -t proc proc proc; mount --rbind /sys sys; mount --rbind /dev dev; mount -t tmpfs -o mode=755 tmpfs run
mkdir -p run/lock
pivot_root . mnt; cd /; umount -l mnt
su -s /bin/bash - "$user" -c "$line"
"""


class Machine:
    """A bare Debian below ``root``, with the package sources, name servers and certificates of this machine."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def install(self, packages: Sequence[str] = BARE) -> None:
        """Make it (20 s, 300 MB). Raises MissingComponent when there is no package source, CommandFailed when it fails."""
        sources = [
            p
            for p in (Path("/etc/apt/sources.list"), Path("/etc/apt/sources.list.d/debian.sources"))
            if p.is_file() and p.stat().st_size
        ]
        if not sources:
            raise MissingComponent("this machine names no Debian package source", mend="fill /etc/apt/sources.list")
        making = ["mmdebstrap", "--quiet", "--variant=minbase", f"--include={','.join(packages)}"]
        run([*_APART, "--mount-proc", *making, suite(), str(self.root), str(sources[-1])], timeout=patient(600))
        files = (*_BROUGHT, *_PIP, *paths_of_pip(), *map(str, Path(_AUTHORITIES).glob("*.crt")))
        for path in filter(os.path.isfile, files):
            to = self.root / path.lstrip("/")
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, to)
        for settings in _of_user():
            shutil.copy(settings, self.root / _PIP_TAKEN.lstrip("/"))

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
        git("clone", "--quiet", str(project), f"{self.root}{home}/campbox")
        run(["chroot", str(self.root), "chown", "-R", f"{user}:", f"{home}/campbox"])
        return home / "campbox"

    def run(self, user: str, command: str, timeout: float | None = None) -> CompletedProcess[str]:
        """Run a line of shell as a user, logged in; whatever it leaves running ends with it."""
        return run(self.command(user, command), timeout=timeout or patient(600), check=False)

    def command(self, user: str, line: str) -> list[str]:
        """What runs a line of shell as a user, logged in, with mounts and processes of its own.

        The kernel ends it with whoever starts it, killed or not, and with it everything that it left running or mounted.
        """
        pip = {name: value for name, value in os.environ.items() if name.startswith("PIP_") and "'" not in value}
        kept = " ".join(f"{name}='{value}'" for name, value in {"PIP_CONFIG_FILE": _PIP_TAKEN, **pip}.items())
        folders = sorted(path for path in paths_of_pip() if os.path.isdir(path))
        return [*_APART, "sh", "-c", _ENTER, str(self.root), user, f"export {kept} CI=1; {line}", *folders]

    def accounts(self) -> str:
        """Everybody it knows."""
        return (self.root / "etc/passwd").read_text() + (self.root / "etc/group").read_text()

    def remove(self) -> None:
        """Delete it. Raises Refused while something is mounted below it here: that would be deleted as well."""
        below = [point for line in MOUNTS.read_text().splitlines() if (point := line.split()[1]).startswith(f"{self.root}/")]
        if below or self.root.is_mount():
            raise Refused("something is mounted there", where=str(below[0] if below else self.root), mend="umount it by hand")
        shutil.rmtree(self.root, ignore_errors=True)


def git(*words: str) -> str:
    """What git says. Root may read a clone that is a user's: its code runs as root already (git-config(1), safe.directory)."""
    with tempfile.NamedTemporaryFile("w", prefix="campbox-git-") as settings:
        settings.write("[safe]\n\tdirectory = *\n")
        settings.flush()
        return run(["git", *words], timeout=patient(120), env={**os.environ, "GIT_CONFIG_GLOBAL": settings.name}).stdout


def paths_of_pip() -> set[str]:
    """Files and folders that this machine's settings of pip name: an office without internet has its libraries in one."""
    told = [value for name, value in os.environ.items() if name.startswith("PIP_")]
    told += [Path(path).read_text(errors="replace") for path in (*_PIP, *map(str, _of_user())) if os.path.exists(path)]
    return {path for text in told for path in paths_in(text) if os.path.exists(path)}


def paths_in(settings: str) -> set[str]:
    """Absolute paths and file: addresses in settings of pip.

    An index that is a folder leads to files beside itself (PEP 503), so it is named with the folder around it.
    """
    return {path.rstrip("/").removesuffix("/simple") for path in _PATH.findall(settings)}


def _of_user() -> list[Path]:
    return [path for name in _PIP_OF_USER if (path := Path.home() / name).is_file()]


def suite() -> str:
    """The name of this machine's Debian, by os-release(5)."""
    return run(["sh", "-c", '. /etc/os-release; echo "$VERSION_CODENAME"']).stdout.strip()
