"""P The front's own site: addresses that stand ready as files, those of the two backends, and what stands in for a dead one."""

from __future__ import annotations

from pathlib import Path

from appliance.config import SiteConfig
from appliance.layout import Layout
from appliance.web.headers import SECURITY_HEADERS, kept_language
from appliance.web.languages import Language, offered

PRERENDERED = ("", "offline", "emergency", "terms")
"""Pages below ``/<lang>/`` that are the same for everybody and stand ready as files."""


def site(config: SiteConfig, layout: Layout, names: tuple[str, ...], listens: str) -> str:
    """The server that has content; ``names`` are the Host names it answers to, ``listens`` its ports."""
    languages = offered(config)
    quoted = " ".join(f'"{name}"' for name in names)
    return f"""\
    server {{
{listens}\
        server_name {quoted};
{_tls(layout) if config.access.api_name else ""}\
        root "{layout.service_run("pages")}";
        error_page 502 503 504 =503 /resting;
        if ($request_method !~ ^(?:GET|HEAD|POST)$) {{
            return 405;
        }}
        # nginx itself reads a name up to its colon: what follows must be a port and nothing else.
        if ($http_host !~ "^(?:[A-Za-z0-9.-]*|\\[[0-9A-Fa-f:.]+\\])(?::[0-9]*)?$") {{
            return 421;
        }}

{_doors()}\
{_ready(languages)}\
{_static(layout.code)}\
{repository(layout)}\
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
            if ($asked) {{
                rewrite ^ /weighed/{page} last;
            }}
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
            if ($asked) {{
                rewrite ^ /weighed/ last;
            }}
            if ($chosen) {{
                return 302 /$chosen/;
            }}
            try_files /index.html @portal;
        }}
{leads}\
        location ^~ /weighed/ {{
            internal;
            proxy_pass http://portal/;
            error_page 502 503 504 = @unweighed;
        }}
        location @unweighed {{
            add_header Vary Accept-Language always;
            add_header Cache-Control no-store always;
            rewrite ^/weighed(.*)$ /$spoken$1 redirect;
        }}
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
            add_header Set-Cookie "{kept_language(language)}";
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
    voices = """\
        location ^~ /voice/ {
            add_header X-Content-Type-Options nosniff always;
            add_header Cache-Control "public, max-age=604800, immutable";
            try_files $uri =404;
        }
"""
    return voices + "".join(
        f"""\
        location ^~ /static/{below} {{
            alias "{code / folder}/static/";
            add_header X-Content-Type-Options nosniff always;
            add_header Cache-Control "public, max-age=604800, immutable";
        }}
"""
        for below, folder in (("", "appliance/web"), ("portal/", "captive_portal"), ("catalogue/", "content_cache"))
    )


def repository(layout: Layout) -> str:
    """What this box has verified of the signed catalogue, for neighbour boxes: static files (content_cache.mirror)."""
    return f"""\
        location ^~ /repository/ {{
            alias "{layout.service_data("content")}/repository/";
            default_type application/octet-stream;
            add_header X-Content-Type-Options nosniff always;
            add_header Cache-Control no-cache always;
        }}
"""


def _backends(languages: tuple[Language, ...]) -> str:
    tags = "|".join(language.tag for language in languages)
    return f"""\
        location ~ ^/(?:(?:{tags})/services|hsds)(?:/|$) {{
            proxy_pass http://catalogue;
            proxy_cache catalogue;
            # By scheme: over plain HTTP a form says that others nearby could read it.
            proxy_cache_key $scheme$uri$is_args$args;
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
