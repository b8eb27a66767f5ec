"""P THE probe table: how each operating system asks whether it is online, and the genuine answer.

Captive, every one of them is answered alike: see ``captive_answer``. Other packages read the rows through the entry-point
group ``campbox.probes``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

TEXT, HTML = "text/plain", "text/html"


@dataclass(frozen=True)
class Answer:
    """An HTTP answer, byte for byte in ``body``."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


@dataclass(frozen=True)
class Probe:
    """One host. ``answers`` are what the real one says to each path; ``sealed`` those of the paths that are asked by HTTPS too,
    which nobody but the real host can answer; ``dns`` the addresses its name must have, where the name itself is the probe;
    ``source`` is where this is written down."""

    host: str
    system: str
    answers: Mapping[str, Answer] = field(default_factory=dict)
    dns: tuple[str, ...] = ()
    source: str = ""
    sealed: tuple[str, ...] = ()


def _says(body: str, kind: str = TEXT) -> Answer:
    return Answer(200, (("Content-Type", kind),), body.encode())


NOTHING = Answer(204)
_APPLE = "<HTML><HEAD><TITLE>Success</TITLE></HEAD><BODY>Success</BODY></HTML>"
_MOZILLA = '<meta http-equiv="refresh" content="0;url=https://support.mozilla.org/kb/captive-portal"/>'
_HELP = Answer(302, (("Location", "http://go.microsoft.com/fwlink/?LinkID=219472&clcid=0x409"),))

_AOSP = "AOSP packages/modules/NetworkStack, res/values/config.xml: captive_portal_http_url and _https_url, fallback URLs"
_APPLE_DOC = "Apple HT210060 (hosts for network set-up); agent CaptiveNetworkSupport"
_NCSI = "Microsoft Learn: Network Connectivity Status Indicator (NCSI) overview"
_FIREFOX = "Firefox modules/libpref/init/all.js: captivedetect.canonicalURL and canonicalContent; network.connectivity-service"
_NM = "NetworkManager.conf(5), [connectivity] uri and response; the distribution's own configuration file"
_VENDOR = "the vendor's NetworkMonitor, as seen on devices"


def _older_apple(host: str) -> Probe:
    return Probe(host, "Apple", {"/library/test/success.html": _says(_APPLE, HTML)}, source=_APPLE_DOC)


PROBES: tuple[Probe, ...] = (
    Probe("captive.apple.com", "Apple", {"/hotspot-detect.html": _says(_APPLE + "\n", HTML), "/": _says(_APPLE + "\n", HTML)},
          source=_APPLE_DOC),
    _older_apple("www.apple.com"),
    _older_apple("www.airport.us"),
    _older_apple("www.appleiphonecell.com"),
    _older_apple("www.ibook.info"),
    _older_apple("www.itools.info"),
    _older_apple("www.thinkdifferent.us"),
    Probe("connectivitycheck.gstatic.com", "Android", {"/generate_204": NOTHING}, source=_AOSP),
    Probe("connectivitycheck.android.com", "Android", {"/generate_204": NOTHING}, source=_AOSP),
    Probe("www.google.com", "Android", {"/gen_204": NOTHING, "/generate_204": NOTHING}, source=_AOSP, sealed=("/generate_204",)),
    Probe("play.googleapis.com", "Android", {"/generate_204": NOTHING}, source=_AOSP),
    Probe("clients3.google.com", "Android", {"/generate_204": NOTHING}, source=_AOSP),
    Probe("www.gstatic.com", "Chrome", {"/generate_204": NOTHING},
          source="Chromium design documents: network portal detection"),
    Probe("www.msftconnecttest.com", "Windows", {"/connecttest.txt": _says("Microsoft Connect Test"), "/redirect": _HELP},
          source=_NCSI),
    Probe("ipv6.msftconnecttest.com", "Windows", {"/connecttest.txt": _says("Microsoft Connect Test")}, source=_NCSI),
    Probe("www.msftncsi.com", "Windows", {"/ncsi.txt": _says("Microsoft NCSI")}, source=_NCSI),
    Probe("dns.msftncsi.com", "Windows", dns=("131.107.255.255", "fd3e:4f5a:5b81::1"), source=_NCSI),
    Probe("detectportal.firefox.com", "Firefox",
          {"/canonical.html": _says(_MOZILLA, HTML), "/success.txt": _says("success\n")}, source=_FIREFOX),
    # NetworkManager compares the beginning only, so the missing newline (24 bytes as fetched) is of no account.
    Probe("nmcheck.gnome.org", "GNOME", {"/check_network_status.txt": _says("NetworkManager is online")}, source=_NM),
    Probe("network-test.debian.org", "Debian", {"/nm": _says("NetworkManager is online\n")}, source=_NM),
    Probe("connectivity-check.ubuntu.com", "Ubuntu",
          {"/": Answer(204, (("X-NetworkManager-Status", "online"),))}, source=_NM),
    Probe("networkcheck.kde.org", "KDE", {"/": _says("OK")}, source="KDE plasma-nm: NetworkManager connectivity configuration"),
    Probe("connectivity.samsung.com.cn", "Samsung", {"/generate_204": NOTHING}, source=_VENDOR),
    Probe("spectrum.s3.amazonaws.com", "Amazon",
          {"/kindle-wifi/wifistub.html": _says("81ce4465-7167-4dcb-835b-dcc9e44c112a\n", HTML)}, source=_VENDOR),
    Probe("fireoscaptiveportal.com", "Amazon", {"/generate_204": NOTHING}, source=_VENDOR),
    Probe("connectivitycheck.platform.hicloud.com", "Huawei", {"/generate_204": NOTHING}, source=_VENDOR),
    Probe("connect.rom.miui.com", "Xiaomi", {"/generate_204": NOTHING}, source=_VENDOR),
    Probe("conn1.oppomobile.com", "Oppo", {"/generate_204": NOTHING}, source=_VENDOR),
    Probe("wifi.vivo.com.cn", "Vivo", {"/generate_204": NOTHING}, source=_VENDOR),
)  # fmt: skip

NEVER_WHILE_CAPTIVE: tuple[str, ...] = ("use-application-dns.net", "mask.icloud.com", "mask-h2.icloud.com")
"""Names that do not exist for the captive: Firefox then uses the network's DNS, Apple turns Private Relay off for it."""


def captive_answer(portal_name: str) -> Answer:
    """What a captive phone is told whatever it asks: go to the portal.

    302 and not 200: Android takes an empty 200, or one of 4 bytes or fewer, as failure and not as a portal. Not to be
    stored, so that the same question asked after the tap reaches the real host. The body is the front's own and means nothing.
    """
    return Answer(302, (("Location", f"http://{portal_name}/"), ("Cache-Control", "no-store")))


def offline_answer(portal_name: str) -> Answer:
    """What an admitted phone is told while the uplink is down: never a false success."""
    return Answer(302, (("Location", f"http://{portal_name}/offline"), ("Cache-Control", "no-store")))
