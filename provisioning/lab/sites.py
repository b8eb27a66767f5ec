"""P The lab's internet as text: what its DNS server and its web servers are told, from the probe table and a few sites."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Literal, Protocol

from provisioning.lab import topology as plan

WEB_HOST = "www.example.org"
"""An ordinary site, by HTTP and HTTPS, in both families."""
OTHER_SITES = ("news.example.net", "maps.example.com", "family.example.org")
BIG_FILE, BIG_BYTES = "/bytes/1m", 1_000_000
ORDINARY = "<!doctype html><title>{name}</title><h1>{name}</h1><p>An ordinary page of the lab's internet.</p>\n"


class Says(Protocol):
    """A genuine answer in the box's probe table."""

    @property
    def status(self) -> int: ...
    @property
    def headers(self) -> tuple[tuple[str, str], ...]: ...
    @property
    def body(self) -> bytes: ...


class Row(Protocol):
    """What the lab needs to know of a row of the box's probe table (entry point ``campbox.probes``)."""

    @property
    def host(self) -> str: ...
    @property
    def system(self) -> str: ...
    @property
    def answers(self) -> Mapping[str, Says]: ...
    @property
    def dns(self) -> tuple[str, ...]: ...
    @property
    def sealed(self) -> tuple[str, ...]: ...


@dataclass(frozen=True)
class Answer:
    """One thing a web server of the internet says, byte for byte."""

    host: str
    path: str
    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


@dataclass(frozen=True)
class Probe:
    """One question of one operating system, and the genuine answer."""

    system: str
    answer: Answer
    scheme: Literal["http", "https"] = "http"

    @property
    def url(self) -> str:
        """What is asked for."""
        return f"{self.scheme}://{self.answer.host}{self.answer.path}"

    @property
    def name(self) -> str:
        """How outcomes call it."""
        return f"{self.system} {self.url if self.scheme == 'https' else self.url.removeprefix('http://')}"


_SCHEMES: tuple[Literal["http"], Literal["https"]] = ("http", "https")


def probes(rows: Iterable[Row]) -> tuple[Probe, ...]:
    """Every question of the table that is asked by HTTP, and those that are asked by HTTPS as well."""
    return tuple(
        Probe(row.system, Answer(row.host, path, said.status, tuple(said.headers), said.body), scheme)
        for row in rows
        for path, said in row.answers.items()
        for scheme in _SCHEMES[: 2 if path in row.sealed else 1]
    )


def fixed_names(rows: Iterable[Row]) -> dict[str, tuple[str, ...]]:
    """Names that are themselves the probe: the addresses they must have."""
    return {row.host: row.dns for row in rows if row.dns}


def answers(asked: Iterable[Probe]) -> tuple[Answer, ...]:
    """The genuine "online" answers of every probe, and a front page for every ordinary site; none twice."""
    rows = {(probe.answer.host, probe.answer.path): probe.answer for probe in asked}
    for name in (WEB_HOST, *OTHER_SITES):
        rows[name, "/"] = Answer(name, "/", 200, (("Content-Type", "text/html"),), ORDINARY.format(name=name).encode())
    return tuple(rows[key] for key in sorted(rows))


def host_names(rows: Iterable[Answer]) -> tuple[str, ...]:
    """Every host once, ordinary sites first."""
    names = {row.host for row in rows}
    first = (WEB_HOST, *OTHER_SITES)
    return (*first, *sorted(names - set(first)))


def dns_config(hosts: tuple[plan.Host, ...], fixed: Mapping[str, tuple[str, ...]], hub: str, pid_file: Path) -> str:
    """dnsmasq: answers both families for every host, the fixed names and the hub, NXDOMAIN for everything else."""
    lines = [
        "keep-in-foreground", "no-resolv", "no-hosts", "bind-interfaces",
        "user=nobody", "group=nogroup", "cache-size=0", "local-ttl=60",
        f"pid-file={pid_file}",
        f"listen-address={plan.DNS4},{plan.DNS6}", "local=/#/",
        f"host-record={hub},{plan.HUB4.ip},{plan.HUB6.ip}",
        *(f"host-record={host.name},{host.address},{host.address6}" for host in hosts),
        *(f"host-record={name},{','.join(addresses)}" for name, addresses in sorted(fixed.items())),
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


TIME_NAMES = {f"{n}.debian.pool.ntp.org": (str(plan.TIME4), str(plan.TIME6)) for n in range(4)}
"""Whom a Debian asks for the time (systemd-timesyncd's own default), and who answers here once there is a provider."""


def line_config(pid_file: Path) -> str:
    """dnsmasq as the provider: gives whoever asks on the line an address in each family, a route, and the name server."""
    first, last = plan.GATEWAY4.ip + 3, plan.GATEWAY4.ip + 10
    lines = [
        "keep-in-foreground", "port=0", "bind-interfaces", f"interface={plan.ISP}", "except-interface=lo",
        "user=nobody", "group=nogroup", "quiet-dhcp", "quiet-dhcp6", "quiet-ra", "leasefile-ro", "dhcp-authoritative",
        f"pid-file={pid_file}",
        f"dhcp-range={first},{last},{plan.GATEWAY4.network.netmask},10m",
        f"dhcp-option=option:router,{plan.GATEWAY4.ip}",
        f"dhcp-option=option:dns-server,{plan.DNS4}",
        "enable-ra", f"ra-param={plan.ISP},10,1800",
        f"dhcp-range={plan.GATEWAY6.network.network_address},ra-stateless,64,10m",
        f"dhcp-option=option6:dns-server,[{plan.DNS6}]",
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def time_config(pid_file: Path) -> str:
    """chronyd: tells everybody this machine's time, asks nobody, has no command socket."""
    lines = [
        "local stratum 1", "allow all", "cmdport 0", "bindcmdaddress /", f"bindaddress {plan.TIME4}", f"bindaddress {plan.TIME6}",
        f"pidfile {pid_file}",
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def web_config(hosts: tuple[plan.Host, ...], rows: tuple[Answer, ...], folder: Path) -> str:
    """nginx: one server a host on its own addresses, by HTTP and (with the lab's certificate) HTTPS; no log."""
    by_host = {name: list(found) for name, found in groupby(sorted(rows, key=lambda r: r.host), key=lambda r: r.host)}
    servers = "\n".join(_server(host, by_host.get(host.name, []), folder) for host in hosts)
    return f"""\
user nobody nogroup;
worker_processes 1;
pid {folder}/nginx.pid;
error_log stderr crit;
events {{ worker_connections 2048; }}
http {{
 access_log off;
 server_tokens off;
 keepalive_timeout 10s;
 client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
 uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
 ssl_certificate {folder}/web.pem;
 ssl_certificate_key {folder}/web-key.pem;
 server_names_hash_bucket_size 128;
{servers}
}}
"""


def _server(host: plan.Host, rows: list[Answer], folder: Path) -> str:
    listens = " ".join(
        f"listen {address}:{port}{mode};"
        for address in (host.address, f"[{host.address6}]")
        for port, mode in ((80, ""), (443, " ssl"))
    )
    places = "\n".join(_location(row) for row in rows)
    return f"""\
 server {{
  {listens}
  server_name {host.name};
  root {folder}/answers;
{places}
  location = {BIG_FILE} {{ default_type application/octet-stream; try_files /big =404; }}
  location / {{ return 404; }}
 }}"""


def _location(row: Answer) -> str:
    headers = dict(row.headers)
    kind, leads = headers.pop("Content-Type", "text/plain"), headers.pop("Location", "")
    added = "".join(f' add_header {name} "{value}" always;' for name, value in headers.items())
    if not row.body:
        return f"  location = {row.path} {{{added} return {row.status} {leads}; }}"
    return f"  location = {row.path} {{{added} types {{ }} default_type {kind}; try_files /{answer_file(row)} =404; }}"


def answer_file(row: Answer) -> str:
    """The file that holds a row's body."""
    return "".join(c if c.isalnum() else "_" for c in f"{row.host}{row.path}")
