"""P What an image sets in Debian's own programs: mounts, network, clock, journal, watchdog; and what it keeps from starting."""

from __future__ import annotations

from appliance.config import SiteConfig
from provisioning import uplinks
from provisioning.image.tree import Arch, TreeFile, enabled, masked

_MASKED = (
    # A read-only system is updated as a whole.
    "apt-daily.timer", "apt-daily-upgrade.timer", "dpkg-db-backup.timer", "man-db.timer", "logrotate.timer",
    # Cards: fsck and growth are campbox-storage's; trim and scrub only wear.
    "e2scrub_all.timer", "e2scrub_reap.service", "fstrim.timer", "systemd-repart.service",
    # There is no password to log in with: the console shows the box's state instead.
    "getty.target", "getty@.service", "getty@tty1.service", "serial-getty@.service", "autovt@.service", "console-getty.service",
    "systemd-firstboot.service", "systemd-logind.service",
    # Debian's own units of daemons that run as ours, each with its own configuration.
    "nginx.service", "dnsmasq.service", "hostapd.service", "wpa_supplicant.service", "mosquitto.service", "nftables.service",
    "ssh.service", "ssh.socket", "networking.service",
    # Nothing waits for the uplink: the box serves without.
    "systemd-networkd-wait-online.service", "network-online.target",
    # A system that forgets at every start has nothing to keep.
    "systemd-rfkill.service", "systemd-rfkill.socket", "systemd-pstore.service", "systemd-machine-id-commit.service",
)  # fmt: skip

_FSTAB = """\
# Neither may stop a start: a box whose card is spoilt serves from RAM and says so. campbox-storage grows and checks "data" first.
PARTLABEL=data /var/lib/campbox ext4 noatime,commit=30,errors=remount-ro,nosuid,nodev,noexec,nofail,{data} 0 0
PARTLABEL=boot /boot/firmware vfat ro,noatime,umask=0077,nosuid,nodev,noexec,nofail,{boot} 0 0
"""
_ORDER = "x-systemd.before=local-fs.target,x-systemd.device-timeout=90s"
"""Only a card without the partition is waited for so long. A slow box finds its own after 15 s; given up sooner it would enrol into
RAM, and lose what it is with the power."""

_SETTINGS: dict[str, str] = {
    "/etc/systemd/journald.conf.d/campbox.conf": """\
# In RAM, gone at the next start: what a box knew of a day is nobody's to find on its card.
[Journal]
Storage=volatile
RuntimeMaxUse=24M
ForwardToSyslog=no
""",
    "/etc/systemd/system.conf.d/campbox.conf": """\
# The Pi's watchdog counts to 15 s at most (drivers/watchdog/bcm2835_wdt.c).
[Manager]
RuntimeWatchdogSec=14s
RebootWatchdogSec=14s
""",
    "/etc/systemd/resolved.conf.d/campbox.conf": """\
# Only what the uplink's own DHCP or RA names is asked, and only by the box itself.
[Resolve]
FallbackDNS=
LLMNR=no
MulticastDNS=no
DNSStubListener=no
""",
    "/etc/systemd/timesyncd.conf.d/campbox.conf": """\
# Every save is a write on the card.
[Time]
SaveIntervalSec=15min
""",
    "/etc/systemd/system/systemd-timesyncd.service.d/campbox.conf": """\
# A box has no clock that runs without power: the last known time survives on the data partition.
[Service]
StateDirectory=
BindPaths=/var/lib/campbox/clock:/var/lib/systemd/timesync
""",
    "/etc/systemd/system/emergency.service.d/campbox.conf": """\
# Nobody can log in: say so, and try again.
[Service]
ExecStartPre=
ExecStart=
ExecStart=/bin/sh -c 'echo "campbox: cannot start; trying again in a minute" >/dev/console; sleep 60; systemctl --force reboot'
""",
    "/etc/systemd/system/rescue.service.d/campbox.conf": """\
[Service]
ExecStartPre=
ExecStart=
ExecStart=/bin/sh -c 'echo "campbox: no rescue mode; starting again in a minute" >/dev/console; sleep 60; systemctl --force reboot'
""",
    "/etc/systemd/system-preset/00-campbox.preset": """\
# What runs is linked by name; nothing else enables itself.
disable *
""",
    "/etc/tmpfiles.d/campbox-image.conf": """\
d /var/lib/campbox/clock 0755 systemd-timesync systemd-timesync -
d /var/lib/systemd/timesync 0755 systemd-timesync systemd-timesync -
# dnsmasq does not start without the folder of the file that /etc/resolv.conf leads to.
d /run/systemd/resolve 0755 systemd-resolve systemd-resolve -
""",
    "/etc/e2fsck.conf": """\
# A box may start in 1970: a check from the future is no damage.
[options]
broken_system_clock = 1
""",
    "/etc/sysctl.d/60-campbox.conf": """\
kernel.panic = 10
kernel.panic_on_oops = 1
kernel.dmesg_restrict = 1
kernel.sysrq = 0
# A thousand phones and their addresses: neighbours beyond gc_thresh3 are refused.
net.ipv4.neigh.default.gc_thresh2 = 4096
net.ipv4.neigh.default.gc_thresh3 = 8192
net.ipv6.neigh.default.gc_thresh2 = 4096
net.ipv6.neigh.default.gc_thresh3 = 8192
""",
    # Empty, not "uninitialized": systemd makes an id in RAM, and no start counts as the first (machine-id(5)).
    "/etc/machine-id": "",
    "/etc/hostname": "campbox\n",
    "/etc/hosts": "127.0.0.1 localhost campbox\n::1 localhost ip6-localhost ip6-loopback\n",
    # Its age is what counts: no start believes in a time before it (systemd(1)).
    "/usr/lib/clock-epoch": "",
}  # fmt: skip


def root_files(config: SiteConfig, arch: Arch) -> tuple[TreeFile, ...]:
    """Settings, network and links; in no particular order."""
    country = config.radio.country if config.radio is not None else config.site.country
    data = f"{_ORDER},x-systemd.requires=campbox-storage.service,x-systemd.growfs"
    return (
        TreeFile("/etc/fstab", _FSTAB.format(data=data, boot=_ORDER)),
        *(TreeFile(path, text) for path, text in _SETTINGS.items()),
        # Which channels and power the law allows; hostapd says it again for the access point itself.
        TreeFile("/etc/modprobe.d/campbox.conf", f"options cfg80211 ieee80211_regdom={country}\n"),
        TreeFile("/etc/systemd/networkd.conf.d/campbox.conf", uplinks.networkd()),
        *(TreeFile(f"{uplinks.FOLDER}/{name}", text) for name, text in uplinks.networks(config).items()),
        TreeFile("/etc/resolv.conf", link="/run/systemd/resolve/resolv.conf"),
        TreeFile("/etc/localtime", link="/usr/share/zoneinfo/Etc/UTC"),
        TreeFile("/etc/systemd/system/default.target", link="/lib/systemd/system/multi-user.target"),
        *_links(),
        *(masked(unit) for unit in _MASKED),
    )


def _links() -> tuple[TreeFile, ...]:
    places = "/lib/systemd/system"
    return (
        enabled("systemd-networkd.service", "multi-user.target", places),
        enabled("systemd-networkd.socket", "sockets.target", places),
        enabled("systemd-resolved.service", "multi-user.target", places),
        enabled("systemd-timesyncd.service", "sysinit.target", places),
        TreeFile("/etc/systemd/system/dbus-org.freedesktop.network1.service", link=f"{places}/systemd-networkd.service"),
        TreeFile("/etc/systemd/system/dbus-org.freedesktop.resolve1.service", link=f"{places}/systemd-resolved.service"),
        TreeFile("/etc/systemd/system/dbus-org.freedesktop.timesync1.service", link=f"{places}/systemd-timesyncd.service"),
    )
