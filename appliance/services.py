"""P THE service table: every process of a box and of a hub. Supervisor, systemd units and documents derive from it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from appliance.layout import Layout

Kind = Literal["daemon", "oneshot", "timer"]
Place = Literal["box", "hub"]

USERS: dict[str, int] = {
    "campbox-gate": 70101,
    "campbox-portal": 70102,
    "campbox-content": 70103,
    "campbox-telemetry": 70104,
    "campbox-front": 70105,
    "campbox-names": 70106,
    "campbox-radio": 70107,
    "campbox-selftest": 70108,
    "campbox-hub": 70121,
    "campbox-broker": 70122,
    "campbox-hubfront": 70123,
}
"""User name -> numeric id (and group id). Off a Pi only the numbers are used: no account is made on the host."""

BIND = "CAP_NET_BIND_SERVICE"
ADMIN = "CAP_NET_ADMIN"
RAW = "CAP_NET_RAW"


@dataclass(frozen=True)
class Service:
    """One process.

    ``command`` may hold ``{python} {etc} {run} {data} {log} {conf} {code}`` and program names, which are looked up.
    ``capabilities`` are ambient, everything else is out of the bounding set. ``groups`` are users whose sockets it may open.
    ``owns`` are folders below data made for its user. ``ready`` is a path that exists once it serves.
    ``needs`` are services that must be ready first. A ``timer`` runs ``every`` seconds, first at once; a ``oneshot`` once.
    ``wakes`` is a file that makes a timer run at once whenever it is replaced. ``nice`` is that of sched(7): above 0 where
    nobody waits for it, below 0 where an answer that comes late is a wrong one.
    ``rereads`` are files with an end date: when their content changes, it is sent ``rereads_at``, at which it reads them anew
    (TERM: by being started again).
    """

    name: str
    place: Place
    purpose: str
    command: tuple[str, ...]
    user: str
    kind: Kind = "daemon"
    capabilities: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    owns: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    ready: str | None = None
    every: int = 0
    wakes: str | None = None
    nice: int = 0
    rereads: tuple[str, ...] = ()
    rereads_at: Literal["HUP", "TERM"] = "HUP"
    when: Literal["always", "radio", "hub", "garden", "api"] = "always"

    @property
    def uid(self) -> int:
        """Numeric user and group id."""
        return USERS[self.user]

    def argv(self, layout: Layout, python: str) -> tuple[str, ...]:
        """The command with its places filled in."""
        return tuple(_fill(part, layout, python) for part in self.command)

    def ready_path(self, layout: Layout) -> str | None:
        """The path to wait for, or None."""
        return None if self.ready is None else _fill(self.ready, layout, "")

    def wakes_path(self, layout: Layout) -> str | None:
        """The file that wakes a timer, or None."""
        return None if self.wakes is None else _fill(self.wakes, layout, "")

    def rereads_paths(self, layout: Layout) -> tuple[str, ...]:
        """The files it must read anew when they change."""
        return tuple(_fill(part, layout, "") for part in self.rereads)


def _fill(part: str, layout: Layout, python: str) -> str:
    return part.format(
        python=python, etc=layout.etc, run=layout.run, data=layout.data, log=layout.log, conf=layout.conf, code=layout.code
    )


def _gunicorn(application: str, service: str, *, workers: int, threads: int) -> tuple[str, ...]:
    """A web process on its Unix socket; no access log (it would name people), heartbeat files in RAM, socket for its group."""
    return (
        "{python}", "-m", "gunicorn", application, "--bind", f"unix:{{run}}/{service}/{service}.sock",
        "--workers", str(workers), "--threads", str(threads), "--config", "python:appliance.web.patient", "--umask", "0o117",
        "--worker-tmp-dir", f"{{run}}/{service}", "--no-control-socket", "--log-level", "warning",
    )  # fmt: skip


SERVICES: tuple[Service, ...] = (
    Service(
        "gate", "box", "owns nftables and tc: who may pass, and everyone's fair share",
        ("{python}", "-m", "appliance.gate.daemon"), "campbox-gate",
        capabilities=(ADMIN,), owns=("gate",), ready="{run}/gate/gate.sock",
    ),
    Service(
        "hostapd", "box", "the box's own access point",
        # hostapd tells the addresses of phones that come and go, and has no switch against it but this one.
        ("hostapd", "-f", "/dev/null", "{conf}/hostapd.conf"), "campbox-radio",
        # A phone that hears nothing for a tenth of a second asks to associate once more; with OWE both sides then hold other keys,
        # and the phone is connected to nothing until somebody switches it off (IEEE80211_ASSOC_TIMEOUT_SHORT of Linux).
        capabilities=(ADMIN, RAW), needs=("gate",), when="radio", nice=-10,
    ),
    Service(
        "dnsmasq-captive", "box", "DHCP and RA for all; DNS for the captive, answered locally",
        ("dnsmasq", "--keep-in-foreground", "--conf-file={conf}/dnsmasq-captive.conf"), "campbox-names",
        capabilities=(BIND, ADMIN, RAW), needs=("gate",), ready="{run}/dnsmasq-captive/pid",
    ),
    Service(
        "dnsmasq-admitted", "box", "DNS for the admitted, forwarded to the uplink",
        ("dnsmasq", "--keep-in-foreground", "--conf-file={conf}/dnsmasq-admitted.conf"), "campbox-names",
        capabilities=(BIND, ADMIN, RAW), needs=("gate",), ready="{run}/dnsmasq-admitted/pid",
    ),
    Service(
        "dnsmasq-garden", "box", "DNS for the captive of a site with a walled garden, while the uplink is up",
        ("dnsmasq", "--keep-in-foreground", "--conf-file={conf}/dnsmasq-garden.conf"), "campbox-names",
        # It puts addresses into the kernel's sets; dnsmasq holds the other two in any case.
        capabilities=(BIND, ADMIN, RAW), needs=("gate", "dnsmasq-admitted"), ready="{run}/dnsmasq-garden/pid", when="garden",
    ),
    Service(
        "pages", "box", "renders every anonymous page in every language once, for the front to serve by itself",
        ("{python}", "-m", "captive_portal.prerender"), "campbox-portal", kind="oneshot",
    ),
    Service(
        "portal", "box", "welcome, connect, status, RFC 8908",
        _gunicorn("captive_portal.app:create_app()", "portal", workers=1, threads=8), "campbox-portal",
        needs=("gate", "pages"), ready="{run}/portal/portal.sock",
    ),
    Service(
        "catalogue", "box", "the service catalogue: pages and HSDS API",
        # Its pages wait for nobody: more threads than this make none sooner, and each keeps 3 MB (ADR 0165).
        _gunicorn("content_cache.app:create_app()", "catalogue", workers=1, threads=4), "campbox-content",
        owns=("content",), ready="{run}/catalogue/catalogue.sock",
    ),
    Service(
        "nginx", "box", "front for every page: answers OS probes, buffers slow phones, serves stale pages",
        ("nginx", "-c", "{conf}/nginx.conf", "-e", "stderr", "-g", "daemon off;"), "campbox-front",
        capabilities=(BIND,), groups=("campbox-portal", "campbox-content"), needs=("pages",), ready="{run}/nginx/pid",
        # With a certificate that does not fit its key nginx goes on with the one it has.
        rereads=("{etc}/tls/cert.pem", "{etc}/tls/key.pem"),
    ),
    Service(
        "announce", "box", "tells phones where the portal's API is (RFC 8910), while its certificate is valid",
        # The same user as dnsmasq: it may tell it to read its options again, and nothing more comes of that.
        ("{python}", "-m", "appliance.announce.service"), "campbox-names",
        capabilities=(RAW,), needs=("dnsmasq-captive", "nginx"), ready="{run}/announce/ready", when="api",
    ),
    Service(
        "enrol", "box", "makes the box's key and fetches its certificate, once",
        ("{python}", "-m", "provisioning.agent", "{data}/identity", "{run}/facts/enrol.json"), "campbox-telemetry",
        kind="timer", every=30, owns=("identity",), when="hub", nice=10,
    ),
    Service(
        "sync", "box", "fetches and verifies content in the background class",
        ("{python}", "-m", "content_cache.sync"), "campbox-content", kind="timer", every=60,
        # Telemetry hears from the hub that there is something new, and says so there.
        groups=("campbox-telemetry",), needs=("catalogue",), when="hub", wakes="{run}/facts/look.json", nice=10,
    ),
    Service(
        "telemetry", "box", "measures, keeps and sends",
        ("{python}", "-m", "telemetry.agent"), "campbox-telemetry",
        owns=("telemetry",), needs=("gate",), when="hub",
    ),
    Service(
        "selftest", "box", "looks at everything once, also as a phone sees it, and says what to do next",
        # Most runs find that nothing is due and end at once; see provisioning/selftest/due.py.
        ("{python}", "-m", "provisioning.selftest.service", "{run}/facts/selftest.json"), "campbox-selftest",
        kind="timer", every=60, capabilities=(ADMIN, RAW), groups=("campbox-telemetry",), owns=("selftest",),
        needs=("gate", "portal", "nginx", "dnsmasq-captive"),
    ),
    Service(
        "mosquitto", "hub", "the broker: TLS, one certificate a box",
        ("mosquitto", "-c", "{conf}/mosquitto.conf"), "campbox-broker",
        groups=("campbox-hub",), owns=("broker",), ready="{run}/mosquitto/pid",
        rereads=("{data}/hub/authority/server.pem", "{data}/hub/authority/crl.pem"),
    ),
    Service(
        "ingest", "hub", "MQTT to store: commit first, then acknowledge",
        ("{python}", "-m", "telemetry.dashboard.ingest"), "campbox-hub",
        owns=("hub",), needs=("mosquitto",), ready="{run}/ingest/ready",
        # Its session lasts: what comes meanwhile waits at the broker.
        rereads=("{data}/hub/authority/ingest.pem",), rereads_at="TERM",
    ),
    Service(
        "dashboard", "hub", "pages, API, enrolment, publishing",
        _gunicorn("telemetry.dashboard.app:create_app()", "dashboard", workers=1, threads=8), "campbox-hub",
        ready="{run}/dashboard/dashboard.sock",
    ),
    Service(
        "events", "hub", "server-sent events, a process of their own",
        _gunicorn("telemetry.dashboard.events:create_app()", "events", workers=1, threads=64), "campbox-hub",
        ready="{run}/events/events.sock",
    ),
    Service(
        "renew", "hub", "signs the published catalogue anew before it expires",
        ("{python}", "-m", "content_cache.publish.renew"), "campbox-hub", kind="timer", every=21_600,
        nice=10,
    ),
    Service(
        "keys", "hub", "makes the hub's own certificates anew before they end",
        ("{python}", "-m", "provisioning.authority.renew"), "campbox-hub", kind="timer", every=21_600,
    ),
    Service(
        "hub-nginx", "hub", "TLS; the signed content repository as static files",
        ("nginx", "-c", "{conf}/nginx.conf", "-e", "stderr", "-g", "daemon off;"), "campbox-hubfront",
        capabilities=(BIND,), groups=("campbox-hub",), needs=("dashboard",), ready="{run}/hub-nginx/pid",
        rereads=("{data}/hub/authority/server.pem",),
    ),
)  # fmt: skip


def services(
    place: Place, *, radio: bool = False, hub: bool = True, garden: bool = False, api: bool = False
) -> tuple[Service, ...]:
    """The rows that run at ``place``, in an order in which nothing comes before what it needs."""
    there = {"always": True, "radio": radio, "hub": hub, "garden": garden, "api": api}
    wanted = {s.name: s for s in SERVICES if s.place == place and there[s.when]}
    return tuple(_in_order(wanted.values()))


def _in_order(rows: Iterable[Service]) -> list[Service]:
    left, done = list(rows), list[Service]()
    names = {s.name for s in left}
    while left:
        free = [s for s in left if {d.name for d in done} >= set(s.needs) & names]
        if not free:
            raise ValueError(f"the service table has a circle among {[s.name for s in left]}")
        done += free
        left = [s for s in left if s not in free]
    return done
