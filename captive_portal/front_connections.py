"""P The front's treatment of every connection: many old phones on a weak signal, and nothing told or kept about them."""

from __future__ import annotations

from appliance.layout import Layout


def process(layout: Layout) -> str:
    """What concerns nginx itself."""
    return f"""\
# Written at start from the site file: changes here are lost.
pid "{layout.service_run("nginx")}/pid";
worker_processes 2;
worker_rlimit_nofile 16384;
error_log stderr alert;
events {{
    worker_connections 4096;
}}
"""


def connections(layout: Layout) -> str:
    """The beginning of ``http {``, up to the servers."""
    here = layout.service_run("nginx")
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "".join(f'    {kind}_temp_path "{here}/{kind}";\n' for kind in kinds)
    cache = f'    proxy_cache_path "{here}/cache" levels=1:2 keys_zone=catalogue:2m max_size=24m inactive=24h use_temp_path=off;\n'
    upstreams = "".join(_upstream(layout, name) for name in ("portal", "catalogue"))
    return f"http {{\n{_NOTHING_TOLD}{temporary}{cache}{_FILES}{_PATIENCE}{_PASSED_ON}{upstreams}\n"


def _upstream(layout: Layout, name: str) -> str:
    return f"""\
    upstream {name} {{
        server "unix:{layout.socket(name)}" max_fails=0;
    }}
"""


_NOTHING_TOLD = """\
    access_log off;
    error_log stderr emerg;
    server_tokens off;
    absolute_redirect off;
"""

_FILES = """\
    types {
        text/html html;
        text/css css;
        image/svg+xml svg;
        image/png png;
        audio/ogg opus ogg;
        audio/mpeg mp3;
    }
    default_type application/octet-stream;
    charset utf-8;
    sendfile on;
    tcp_nopush on;
    open_file_cache max=200 inactive=60s;
    open_file_cache_valid 5s;
    gzip on;
    gzip_comp_level 2;
    gzip_min_length 1000;
    gzip_types text/css image/svg+xml application/json;
    gzip_static on;
"""

_PATIENCE = """\

    # Old phones on a weak signal, and many of them.
    keepalive_timeout 20s;
    keepalive_requests 1000;
    client_header_timeout 15s;
    client_body_timeout 15s;
    send_timeout 60s;
    lingering_time 5s;
    lingering_timeout 2s;
    reset_timedout_connection on;
    client_header_buffer_size 1k;
    large_client_header_buffers 4 8k;
    client_max_body_size 16k;
    client_body_buffer_size 16k;
    server_names_hash_bucket_size 256;
    map_hash_bucket_size 256;

    # A form may come a byte at a time for as long as it likes, but a phone has only so many of them under way.
    map "$content_length$http_transfer_encoding" $sender {
        default $binary_remote_addr;
        "" "";
        0 "";
    }
    limit_conn_zone $sender zone=senders:1m;
    limit_conn senders 8;
    limit_conn_status 429;
"""

_PASSED_ON = """\

    # What a phone says about itself is not passed on; its address comes from the connection alone.
    proxy_http_version 1.1;
    proxy_set_header Connection close;
    proxy_set_header Host $host;
    proxy_set_header X-Real-IP $remote_addr;
    proxy_set_header X-Forwarded-Proto $scheme;
    proxy_set_header X-Forwarded-For "";
    proxy_set_header X-Forwarded-Host "";
    proxy_set_header Forwarded "";
    proxy_set_header User-Agent "";
    proxy_set_header Referer "";
    proxy_connect_timeout 2s;
    proxy_read_timeout 15s;
    proxy_send_timeout 15s;
    proxy_buffer_size 16k;
    proxy_buffers 32 16k;
    proxy_busy_buffers_size 64k;
    proxy_max_temp_file_size 0;

"""
