"""E The lab's internet: one DNS server and one web server with many addresses, the real programs."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import entry_points
from pathlib import Path

from appliance.errors import MissingComponent
from provisioning.lab import sites
from provisioning.lab import topology as plan
from provisioning.lab.netns import Namespace
from provisioning.lab.servers import Servers
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
        self.servers = Servers(folder / "log")

    def host(self, name: str) -> plan.Host:
        """The host of that name. Raises StopIteration when there is none."""
        return next(host for host in self.hosts if host.name == name)

    def start(self, net: Namespace) -> None:
        """Write both configurations, start both servers, wait until both serve. Raises NotSo when one does not."""
        self._write()
        commands = {
            self.folder / "dnsmasq.pid": ["dnsmasq", f"--conf-file={self.folder}/dnsmasq.conf"],
            self.folder / "nginx.pid": ["nginx", "-c", f"{self.folder}/nginx.conf", "-e", "stderr", "-g", "daemon off;"],
        }
        self.servers.start(net, commands)

    def stop(self) -> None:
        """End both servers."""
        self.servers.stop()

    def _write(self) -> None:
        answers = self.folder / "answers"
        answers.mkdir(parents=True, exist_ok=True)
        for row in self.answers:
            (answers / sites.answer_file(row)).write_bytes(row.body)
        (answers / "big").write_bytes(bytes(range(250)) * (sites.BIG_BYTES // 250))
        names = [host.name for host in self.hosts]
        self.authority.issue(names, self.folder / "web.pem", self.folder / "web-key.pem", datetime.now(UTC))
        (self.folder / "dnsmasq.conf").write_text(
            sites.dns_config(self.hosts, {**self.fixed, **sites.TIME_NAMES}, self.hub, self.folder / "dnsmasq.pid")
        )
        (self.folder / "nginx.conf").write_text(sites.web_config(self.hosts, self.answers, self.folder))
