"""P The lab's internet as text: what its DNS server and its web servers are told, from the probe table and a few sites."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Protocol

from provisioning.lab import topology as plan

WEB_HOST = "www.example.org"
"""An ordinary site, by HTTP and HTTPS, in both families."""
OTHER_SITES = ("news.example.net", "maps.example.com", "family.example.org")
BIG_FILE, BIG_BYTES = "/bytes/1m", 1_000_000
ORDINARY = "<!doctype html><title>{name}</title><h1>{name}</h1><p>An ordinary page of the lab's internet.</p>\n"


class Probe(Protocol):
    """What the lab needs to know of a row of the box's probe table (entry point ``campbox.probes``)."""

    @property
    def os(self) -> str: ...
    @property
    def host(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def online_status(self) -> int: ...
    @property
    def online_body(self) -> bytes: ...
    @property
    def online_type(self) -> str: ...


@dataclass(frozen=True)
class Answer:
    """One thing a web server of the internet says, byte for byte."""

    host: str
    path: str
    status: int
    body: bytes
    content_type: str


def answers(probes: Iterable[Probe]) -> tuple[Answer, ...]:
    """The genuine "online" answers of every probe, and a front page for every ordinary site; none twice."""
    rows = {(p.host, p.path): Answer(p.host, p.path, p.online_status, p.online_body, p.online_type) for p in probes}
    for name in (WEB_HOST, *OTHER_SITES):
        rows[name, "/"] = Answer(name, "/", 200, ORDINARY.format(name=name).encode(), "text/html")
    return tuple(rows[key] for key in sorted(rows))


def host_names(rows: Iterable[Answer]) -> tuple[str, ...]:
    """Every host once, ordinary sites first."""
    names = {row.host for row in rows}
    first = (WEB_HOST, *OTHER_SITES)
    return (*first, *sorted(names - set(first)))


def dns_config(hosts: tuple[plan.Host, ...], pid_file: Path) -> str:
    """dnsmasq: answers both families for every host and the hub, NXDOMAIN for everything else."""
    lines = [
        "keep-in-foreground", "no-resolv", "no-hosts", "bind-interfaces", "user=nobody", "group=nogroup", "cache-size=0", "local-ttl=60",
        f"pid-file={pid_file}",
        f"listen-address={plan.DNS4},{plan.DNS6}", "local=/#/",
        f"host-record={plan.HUB_NAME},{plan.HUB4.ip},{plan.HUB6.ip}",
        *(f"host-record={host.name},{host.address},{host.address6}" for host in hosts),
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
    places = "\n".join(_location(row, folder) for row in rows)
    return f"""\
 server {{
  {listens}
  server_name {host.name};
  root {folder}/answers;
{places}
  location = {BIG_FILE} {{ default_type application/octet-stream; try_files /big =404; }}
  location / {{ return 404; }}
 }}"""


def _location(row: Answer, folder: Path) -> str:
    if not row.body:
        return f"  location = {row.path} {{ return {row.status}; }}"
    return f"  location = {row.path} {{ types {{ }} default_type {row.content_type}; try_files /{answer_file(row)} =404; }}"


def answer_file(row: Answer) -> str:
    """The file that holds a row's body."""
    return "".join(c if c.isalnum() else "_" for c in f"{row.host}{row.path}")
