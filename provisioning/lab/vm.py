"""E A virtual machine with Debian's own kernel (QEMU through virtme-ng, no KVM): what this machine's kernel lacks is tried there.

The guest's root is this machine's, read-only with RAM over it; what it needs of the project (``guest_load``) is copied to
GUEST_CODE there. Nothing is left on this machine but the unpacked kernel in ``.parts/kernel``.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from appliance.errors import CommandFailed, MissingComponent, NotSo
from appliance.files import write_atomically
from appliance.run import PARTS, find_program, open_log, run, spawn
from provisioning.lab import guest_load, pace
from provisioning.lab.pace import patient
from provisioning.lab.precedence import go_first

PROJECT = Path(__file__).resolve().parents[2]
KERNELS = PARTS / "kernel"
GUEST_CODE = "/run/campbox-code"
"""Where the guest has the project: in its RAM, since a file over 9p costs ten times as much, and where service users reach it."""
_UNPACKED = ".unpacked"


@dataclass(frozen=True)
class Kernel:
    """An unpacked kernel package: ``boot/vmlinuz-VERSION`` and ``lib/modules/VERSION`` below ``folder``."""

    version: str
    folder: Path

    @property
    def image(self) -> Path:
        """What QEMU boots."""
        return self.folder / "boot" / f"vmlinuz-{self.version}"


def debian_kernel(kernels: Path = KERNELS) -> Kernel:
    """Debian's kernel for this release: unpacked already, else downloaded (70 MB) and unpacked; never installed.

    Raises MissingComponent when there is none to be had.
    """
    there = sorted(kernels.glob(f"*/{_UNPACKED}"))
    if there:
        return Kernel(there[-1].parent.name, there[-1].parent)
    try:
        depends = run(["apt-cache", "depends", "linux-image-amd64"]).stdout
        found = re.search(r"Depends: (linux-image-(\S+-amd64))", depends)
        if found is None:
            raise CommandFailed("names no kernel", where="apt-cache depends linux-image-amd64")
        package, version = found.groups()
        _unpack(package, kernels / version)
    except CommandFailed as error:
        mend = "as root, with Debian's package source reachable: apt-get update"
        raise MissingComponent(f"Debian's kernel cannot be had ({error})", mend=mend) from error
    return Kernel(version, kernels / version)


def _unpack(package: str, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="campbox-kernel-") as download:
        run(
            ["sh", "-c", 'cd "$0" && exec apt-get -q -o APT::Sandbox::User=root download "$1"', download, package],
            timeout=patient(600),
        )
        run(["dpkg", "-x", str(next(Path(download).glob("*.deb"))), str(folder)], timeout=patient(300))
    write_atomically(folder / _UNPACKED, "")


@dataclass(frozen=True)
class Visit:
    """What became of a command in the guest: its exit status, the console, kernel messages and all, and what was brought along."""

    status: int
    console: str
    load: guest_load.Load


def visit(argv: Sequence[str], results: Path, *, timeout: float, memory: str = "1536M", modules: Sequence[str] = ()) -> Visit:
    """Boot, load ``modules``, run ``argv`` in the project's folder as root, power off.

    The guest may write to ``results`` (the same path there). Raises NotSo when it does not come to an end within
    ``timeout`` seconds or says nothing, or is to carry too much, MissingComponent when QEMU or the kernel is not to be had.
    """
    kernel = debian_kernel()
    find_program("qemu-system-x86_64")
    script, log = results / "guest.sh", results / "console.log"
    load = _pack(results / "code.tar")
    write_atomically(script, guest_script(argv, results, modules), 0o755)
    with tempfile.TemporaryDirectory(prefix="campbox-vm-") as home, open_log(log) as output:
        machine = spawn(
            [
                str(Path(sys.executable).with_name("vng")), "--verbose", "--force-9p", "--disable-kvm", "--user", "root",
                "--run", str(kernel.image), "--cpus", "2", "--memory", memory, "--cwd", "/", f"--rwdir={results}",
                "--", "bash", str(script),
            ],
            stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True, cwd="/", env=_environment(home),
        )  # fmt: skip
        go_first(machine.pid)
        ended = _wait(machine, timeout)
    console = log.read_text(errors="replace")
    status = results / "status"
    (results / "code.tar").unlink()
    if not ended or not status.exists():
        why = "said nothing before it ended" if ended else f"did not end within {timeout:.0f} s"
        last = "; ".join(console.strip().splitlines()[-3:])
        raise NotSo(f"the virtual machine {why}: {last}", where=str(log), mend="read its console")
    return Visit(int(status.read_text()), console, load)


def guest_script(argv: Sequence[str], results: Path, modules: Sequence[str] = ()) -> str:
    """What bash does in the guest."""
    load = f"modprobe -a {shlex.join(modules)}\n" if modules else ""
    return f"""\
mkdir -p {GUEST_CODE} /run/netns
tar -xf {shlex.quote(str(results / "code.tar"))} -C {GUEST_CODE}
cd {GUEST_CODE} || exit 1
export HOME=/run TMPDIR=/tmp PYTHONPATH={GUEST_CODE} PYTHONDONTWRITEBYTECODE=1 CAMPBOX_VM=1 {pace.VARIABLE}={pace.multiple():.2f}
{load}{shlex.join(argv)}
echo $? > {shlex.quote(str(results / "status"))}
sync
"""


def _pack(archive: Path) -> guest_load.Load:
    """What the guest needs of the project, its libraries and unpacked servers, as one file. Raises NotSo when it is too heavy."""
    if PROJECT.stat().st_uid == os.geteuid():  # in another's clone nothing is left
        folders = [str(PROJECT / name) for name in guest_load.PROJECT if (PROJECT / name).is_dir()]
        run([sys.executable, "-m", "compileall", "-q", *folders], timeout=patient(300))
    load = guest_load.load(PROJECT)
    load.check()
    listed = "".join(f"{path}\0" for path in load.files)
    argv = ["tar", "-cf", str(archive), "-C", str(PROJECT), "--no-recursion", "--null", "--files-from=-"]
    packed = run(argv, input=listed, check=False, timeout=patient(300))
    if packed.returncode not in (0, 1):  # 1: a file changed or went meanwhile (GNU tar, "Return status"); somebody works here
        raise CommandFailed(packed.stderr.strip() or f"exit {packed.returncode}", where="tar")
    return load


def _environment(home: str) -> dict[str, str]:
    """virtme-ng finds its other half by PATH and keeps a configuration and a cache under HOME: not in anyone's real one."""
    path = [str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin", str(PARTS / "usr/bin")]
    return {"PATH": os.pathsep.join(path), "HOME": home, "LANG": "C.UTF-8", "TERM": "dumb"}


def _wait(machine: subprocess.Popen[Any], timeout: float) -> bool:
    """Did it end in time? QEMU is a grandchild: the whole session is ended when not."""
    try:
        machine.wait(timeout)
        return True
    except subprocess.TimeoutExpired:
        return False
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(machine.pid, signal.SIGKILL)
        machine.wait()
