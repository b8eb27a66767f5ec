"""P The front: site file -> nginx configuration.

nginx answers every probe by itself, serves the prerendered pages, keeps catalogue pages for a few seconds (and while the
catalogue is down for a day), and hides slow phones from Python. It listens on every address because the bridge may come
later than it does; the gate's default deny keeps the uplink's side away from it.

Nothing it writes may name a client. Inside ``http`` only "emerg" is logged: a backend that is gone is "crit" with the client
and its request in the line, a broken TLS handshake likewise.
"""

from __future__ import annotations

from pathlib import Path

from appliance.config import SiteConfig
from appliance.layout import Layout
from appliance.web.headers import SECURITY_HEADERS
from appliance.web.languages import Language, offered
from captive_portal.probes import Answer, captive_answer, offline_answer

OFFLINE_PORT = 8081
"""Where the gate sends the plain HTTP of admitted phones while the uplink is down."""

PRERENDERED = ("", "offline", "emergency")
"""Pages below ``/<lang>/`` that are the same for everybody and stand ready as files."""

_KEPT_ARGUMENTS = "page|need|open|sort"
"""Arguments a catalogue page may be kept with. Not ``q``: what people search for is written nowhere, not even in RAM."""


def files(config: SiteConfig, layout: Layout) -> dict[str, str]:
    """Contribution to ``campbox.files``. HTTPS is served exactly when the site names an ``api_name``; its certificate then
    stands in ``<etc>/tls/cert.pem`` and ``key.pem``."""
    parts = (_main(layout), _http(layout), _maps(offered(config)), _captive(config), _site(config, layout), "}\n")
    return {"nginx.conf": "".join(parts)}


def site_names(config: SiteConfig) -> tuple[str, ...]:
    """The Host names under which pages are served; any other is sent to the portal and never sees content (rebinding)."""
    names = [config.access.portal_name, config.access.api_name, str(config.lan.address.ip), f"[{config.lan.address6.ip}]"]
    return (*(name for name in names if name), "localhost", "127.0.0.1", "[::1]")


def first_of(languages: tuple[Language, ...], language: Language) -> str:
    """A PCRE that matches an Accept-Language header whose first offered tag is ``language``'s.

    The front takes the order of the header for the order of preference, as every browser sends it; weights are the business
    of ``appliance.web.languages.choose``. An atomic group: no header makes it backtrack.
    """

    own = {one.tag.lower() for one in languages}

    def tags(one: Language) -> str:
        others = own - {one.tag.lower()}
        return "|".join(tag.replace("-", "\\-") for tag in (one.tag.lower(), *one.understood) if tag not in others)

    anyone = "|".join(tags(one) for one in languages)
    refused = r"[^,]*;\s*q\s*=\s*0(?:\.0*)?\s*(?:,|$)"
    return rf"^(?>(?:\s*+(?!(?:{anyone})(?![a-z0-9]))[^,]*+,)*)\s*+(?:{tags(language)})(?![a-z0-9])(?!{refused})"


def _main(layout: Layout) -> str:
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


def _http(layout: Layout) -> str:
    here = layout.service_run("nginx")
    temporary = "".join(f'    {kind}_temp_path "{here}/{kind}";\n' for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    return f"""\
http {{
    access_log off;
    error_log stderr emerg;
    server_tokens off;
    absolute_redirect off;
{temporary}\
    types {{
        text/html html;
        text/css css;
        image/svg+xml svg;
        image/png png;
        audio/ogg opus ogg;
        audio/mpeg mp3;
    }}
    default_type application/octet-stream;
    charset utf-8;
    sendfile on;
    tcp_nopush on;
    gzip on;
    gzip_comp_level 2;
    gzip_min_length 1000;
    gzip_types text/css image/svg+xml application/json;
    gzip_static on;
    etag on;

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
    proxy_cache_path "{here}/cache" levels=1:2 keys_zone=catalogue:2m max_size=24m inactive=24h use_temp_path=off;

    upstream portal {{
        server "unix:{layout.socket("portal")}" max_fails=0;
    }}
    upstream catalogue {{
        server "unix:{layout.socket("catalogue")}" max_fails=0;
    }}

"""


def _maps(languages: tuple[Language, ...]) -> str:
    tags = "|".join(language.tag for language in languages)
    longest_first = sorted(languages, key=lambda language: -len(language.tag))  # fa-AF before fa
    chosen = "".join(f'        "~*{first_of(languages, language)}" {language.tag};\n' for language in longest_first)
    return f"""\
    # The first language of the reader that the site offers; empty when there is none.
    map $http_accept_language $chosen {{
        default "";
{chosen}\
    }}
    map $chosen $spoken {{
        default $chosen;
        "" {languages[0].tag};
    }}
    map $request_uri $page_language {{
        default $spoken;
        "~^/(?<said>{tags})(?:[/?]|$)" $said;
    }}
    map $args $uncached {{
        default 1;
        "" "";
        "~^(?:(?:{_KEPT_ARGUMENTS})=[a-z0-9._-]{{0,40}}(?:&|$))+$" "";
    }}

"""


def _listen(port: int, options: str = "") -> str:
    return f"        listen {port}{options};\n        listen [::]:{port}{options};\n"


def _answer(answer: Answer) -> str:
    headers = dict(answer.headers)
    location = headers.pop("Location")
    lines = [f'        add_header {name} "{value}" always;\n' for name, value in headers.items()]
    return "".join(lines) + f"        return {answer.status} {location};\n"


def _captive(config: SiteConfig) -> str:
    name = config.access.portal_name
    once = " default_server reuseport backlog=4096"
    return f"""\
    # Every name that is not the site's: the captive, asking for the internet.
    server {{
{_listen(80, once)}\
        server_name _;
{_answer(captive_answer(name))}\
    }}

    # The admitted while the uplink is down.
    server {{
{_listen(OFFLINE_PORT, once)}\
        server_name _;
{_answer(offline_answer(name))}\
    }}

{_strangers_to_tls() if config.access.api_name else ""}"""


def _strangers_to_tls() -> str:
    return f"""\
    server {{
{_listen(443, " ssl default_server reuseport backlog=4096")}\
        server_name _;
        ssl_reject_handshake on;
    }}

"""


def _site(config: SiteConfig, layout: Layout) -> str:
    languages = offered(config)
    names = " ".join(f'"{name}"' for name in site_names(config))
    listens = _listen(80) + _listen(OFFLINE_PORT) + (_listen(443, " ssl") if config.access.api_name else "")
    return f"""\
    server {{
{listens}\
        server_name {names};
{_tls(layout) if config.access.api_name else ""}\
        root "{layout.service_run("pages")}";
        error_page 502 503 504 =503 /resting;
        if ($request_method !~ ^(?:GET|HEAD|POST)$) {{
            return 405;
        }}

{_doors()}\
{_ready(languages)}\
{_static(layout.code)}\
{_backends(languages)}\
    }}
"""


def _tls(layout: Layout) -> str:
    return f"""\
        ssl_certificate "{layout.etc}/tls/cert.pem";
        ssl_certificate_key "{layout.etc}/tls/key.pem";
        ssl_protocols TLSv1.2 TLSv1.3;
        ssl_session_cache shared:tls:1m;
        ssl_session_tickets off;
"""


def _headers(cache: str) -> str:
    headers = {**SECURITY_HEADERS, "Cache-Control": cache}
    return "".join(f'            add_header {name} "{value}" always;\n' for name, value in headers.items())


def _doors() -> str:
    """Addresses without a language: to the reader's, or to the choice."""
    leads = "".join(
        f"""\
        location = /{page} {{
            add_header Vary Accept-Language always;
            add_header Cache-Control no-store always;
            return 302 /$spoken/{page};
        }}
"""
        for page in PRERENDERED
        if page
    )
    return f"""\
        location = / {{
{_headers("no-store")}\
            add_header Vary Accept-Language always;
            if ($chosen) {{
                return 302 /$chosen/;
            }}
            try_files /index.html @portal;
        }}
{leads}\
        location = /favicon.ico {{
            add_header Cache-Control "public, max-age=86400" always;
            return 204;
        }}
"""


def _ready(languages: tuple[Language, ...]) -> str:
    """Files that stand ready before anybody comes; "no-cache" lets a phone keep one and ask whether it is still true."""
    pages = "".join(
        f"""\
        location = /{language.tag}/{page} {{
            try_files /{language.tag}/{page or "index"}.html @portal;
{_headers("no-cache")}\
        }}
"""
        for language in languages
        for page in PRERENDERED
    )
    return f"""\
{pages}\
        location = /resting {{
            internal;
            try_files /$page_language/resting.html =503;
{_headers("no-store")}\
            add_header Retry-After 10 always;
        }}
"""


def _static(code: Path) -> str:
    return "".join(
        f"""\
        location ^~ /static/{below} {{
            alias "{code / folder}/static/";
            add_header X-Content-Type-Options nosniff always;
            add_header Cache-Control "public, max-age=604800, immutable";
        }}
"""
        for below, folder in (("", "appliance/web"), ("portal/", "captive_portal"), ("catalogue/", "content_cache"))
    )


def _backends(languages: tuple[Language, ...]) -> str:
    tags = "|".join(language.tag for language in languages)
    return f"""\
        location ~ ^/(?:(?:{tags})/services|hsds)(?:/|$) {{
            proxy_pass http://catalogue;
            proxy_cache catalogue;
            proxy_cache_key $uri$is_args$args;
            proxy_cache_valid 200 5s;
            proxy_cache_valid 404 1s;
            proxy_ignore_headers Cache-Control Expires Set-Cookie Vary X-Accel-Expires;
            proxy_cache_bypass $uncached;
            proxy_no_cache $uncached;
            proxy_cache_lock on;
            proxy_cache_lock_timeout 2s;
            proxy_cache_background_update on;
            proxy_cache_use_stale error timeout updating http_500 http_502 http_503 http_504;
        }}
        location / {{
            proxy_pass http://portal;
        }}
        location @portal {{
            proxy_pass http://portal;
        }}
"""
