"""E The lab's internet provider, for a box that asks as a real one does: addresses on its line, and the time of day."""

from __future__ import annotations

from pathlib import Path

from provisioning.lab import sites
from provisioning.lab import topology as plan
from provisioning.lab.netns import Namespace
from provisioning.lab.servers import Servers


class Provider:
    """DHCP, router advertisements (dnsmasq) and NTP (chronyd) in the namespace ``campbox-net``, beside what runs there."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.servers = folder, Servers(folder / "provider.log")

    def start(self, net: Namespace) -> None:
        """Serve. Raises NotSo when a server does not start."""
        dnsmasq, chronyd = self.folder / "provider.conf", self.folder / "chrony.conf"
        pids = self.folder / "provider.pid", self.folder / "chronyd.pid"
        dnsmasq.write_text(sites.line_config(pids[0]))
        chronyd.write_text(sites.time_config(pids[1]))
        net.ip("address", "replace", f"{plan.TIME4}/32", "dev", "lo")
        net.ip("address", "replace", f"{plan.TIME6}/128", "dev", "lo", "nodad")
        commands = {
            pids[0]: ["dnsmasq", f"--conf-file={dnsmasq}"],
            # -x: it never touches this machine's clock. The user that its package makes is not here when it is only unpacked.
            pids[1]: ["chronyd", "-x", "-d", "-u", "nobody", "-f", str(chronyd)],
        }
        self.servers.start(net, commands)

    def stop(self) -> None:
        """End both."""
        self.servers.stop()
