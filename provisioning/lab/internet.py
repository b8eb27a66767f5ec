"""E The lab's internet: one DNS server and one web server with many addresses, the real programs."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from appliance.errors import MissingComponent, NotSo
from appliance.run import find_program
from provisioning.lab import sites
from provisioning.lab import topology as plan
from provisioning.lab.netns import Namespace
from provisioning.lab.trust import Authority


def load_rows() -> tuple[sites.Row, ...]:
    """The probe table of the box (entry points ``campbox.probes``). Raises MissingComponent when there is none."""
    rows = [row for entry in entry_points(group="campbox.probes") for row in entry.load()]
    if not rows:
        raise MissingComponent("no probe table is installed", mend="install the project again: ./campbox does")
    return tuple(rows)


class Internet:
    """DNS and web servers in the namespace ``campbox-net``."""

    def __init__(self, folder: Path, rows: Iterable[sites.Row], authority: Authority, hub: str) -> None:
        self.folder, self.authority, self.hub = folder, authority, hub
        known = tuple(rows)
        self.answers, self.fixed = sites.answers(sites.probes(known)), sites.fixed_names(known)
        self.hosts = plan.web_hosts(sites.host_names(self.answers))
        self._running: list[subprocess.Popen[bytes]] = []

    def host(self, name: str) -> plan.Host:
        """The host of that name. Raises StopIteration when there is none."""
        return next(host for host in self.hosts if host.name == name)

    def start(self, net: Namespace) -> None:
        """Write both configurations, start both servers, wait until both serve. Raises NotSo when one does not."""
        self._write()
        log = self.folder / "log"
        with log.open("ab") as output:
            for argv in (
                ["dnsmasq", f"--conf-file={self.folder}/dnsmasq.conf"],
                ["nginx", "-c", f"{self.folder}/nginx.conf", "-e", "stderr", "-g", "daemon off;"],
            ):
                command = [find_program(argv[0]), *argv[1:]]
                options: dict[str, Any] = {
                    "stdin": subprocess.DEVNULL,
                    "stdout": output,
                    "stderr": output,
                    "start_new_session": True,
                }
                self._running.append(net.spawn(command, **options))
        deadline = time.monotonic() + 10
        while not all((self.folder / name).exists() for name in ("nginx.pid", "dnsmasq.pid")):
            if time.monotonic() > deadline or any(process.poll() is not None for process in self._running):
                words = log.read_text(errors="replace").strip().splitlines()
                raise NotSo(f"the lab's internet does not start: {words[-1] if words else 'it said nothing'}", where=str(log))
            time.sleep(0.02)

    def stop(self) -> None:
        """End both servers."""
        for process in self._running:
            process.terminate()
        for process in self._running:
            try:
                process.wait(3)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._running.clear()

    def _write(self) -> None:
        answers = self.folder / "answers"
        answers.mkdir(parents=True, exist_ok=True)
        for row in self.answers:
            (answers / sites.answer_file(row)).write_bytes(row.body)
        (answers / "big").write_bytes(bytes(range(250)) * (sites.BIG_BYTES // 250))
        names = [host.name for host in self.hosts]
        self.authority.issue(names, self.folder / "web.pem", self.folder / "web-key.pem", datetime.now(UTC))
        (self.folder / "dnsmasq.conf").write_text(sites.dns_config(self.hosts, self.fixed, self.hub, self.folder / "dnsmasq.pid"))
        (self.folder / "nginx.conf").write_text(sites.web_config(self.hosts, self.answers, self.folder))
