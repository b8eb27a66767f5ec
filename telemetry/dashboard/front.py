"""P The hub's front: hub configuration -> nginx configuration.

TLS for all, and plain HTTP on the loopback address for a local reverse proxy or the demo. It writes no access log, and of errors
only those that stop it from starting: others name the client.
"""

from __future__ import annotations

from appliance.hub_config import HubConfig
from appliance.layout import Layout


def files(config: HubConfig, layout: Layout) -> dict[str, str]:
    """Contribution to ``campbox.hub_files``."""
    return {"nginx.conf": _main(layout) + _http(layout) + _tls_server(config, layout) + _plain_server(config, layout) + "}\n"}


def _main(layout: Layout) -> str:
    return f"""\
# Written at start: changes here are lost.
pid {layout.service_run("hub-nginx")}/pid;
worker_processes 1;
error_log stderr emerg;
events {{
    worker_connections 2048;
}}
"""


def _http(layout: Layout) -> str:
    here = layout.service_run("hub-nginx")
    temporary = "".join(f"    {kind}_temp_path {here}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    return f"""\
http {{
    access_log off;
    error_log stderr emerg;
    server_tokens off;
    types {{
        application/json json;
        text/plain txt;
    }}
    default_type application/octet-stream;
{temporary}\
    sendfile on;
    keepalive_timeout 30s;
    client_header_timeout 15s;
    client_body_timeout 30s;
    client_max_body_size 1m;
    gzip on;
    gzip_proxied any;
    gzip_min_length 1000;
    gzip_types text/css text/plain application/json application/javascript text/javascript image/svg+xml;
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_session_cache shared:tls:2m;
    ssl_session_tickets off;
    # Who tries passwords is counted by address, in memory only (guesses.py); of nobody else the address is told.
    map $http_authorization $who_tries {{
        "" "";
        default $remote_addr;
    }}

    upstream dashboard {{
        server unix:{layout.socket("dashboard")};
    }}
    upstream events {{
        server unix:{layout.socket("events")};
    }}
"""


def _tls_server(config: HubConfig, layout: Layout) -> str:
    keys = layout.data / "hub" / "authority"
    return f"""
    server {{
        listen {config.https_port} ssl;
        listen [::]:{config.https_port} ssl;
        ssl_certificate {keys}/server.pem;
        ssl_certificate_key {keys}/server-key.pem;
{_locations(layout, "https")}\
    }}
"""


def _plain_server(config: HubConfig, layout: Layout) -> str:
    return f"""
    server {{
        listen 127.0.0.1:{config.plain_port};
        # A reverse proxy of this machine adds the address it was asked from as the last one of this header.
        # Without it everybody has the proxy's address, and one who guesses would slow down all.
        set_real_ip_from 127.0.0.1;
        real_ip_header X-Forwarded-For;
{_locations(layout, "http")}\
    }}
"""


def _locations(layout: Layout, scheme: str) -> str:
    # Every header that tells about the client is set here or emptied. Only where tokens or passwords are tried an address is told:
    # it slows down whoever guesses, and is kept in memory.
    onward = f"""\
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-Proto {scheme};
            proxy_set_header X-Forwarded-For "";
"""
    return f"""\
        location / {{
            proxy_pass http://dashboard;
{onward}\
            proxy_set_header X-Real-IP $who_tries;
        }}
        location = /login {{
            proxy_pass http://dashboard;
{onward}\
            proxy_set_header X-Real-IP $remote_addr;
        }}
        location /enrol/ {{
            client_max_body_size 64k;
            proxy_pass http://dashboard;
{onward}\
            proxy_set_header X-Real-IP $remote_addr;
        }}
        location = /events {{
            proxy_pass http://events;
            proxy_buffering off;
            proxy_read_timeout 1h;
            gzip off;
{onward}\
            proxy_set_header X-Real-IP $who_tries;
        }}
        location /catalogue/ {{
            alias {layout.data}/hub/publish/repository/;
            add_header Cache-Control "no-cache";
            add_header X-Content-Type-Options nosniff;
        }}
        location = /ca.pem {{
            alias {layout.data}/hub/authority/ca.pem;
            types {{ }}
            default_type application/x-pem-file;
        }}
"""
