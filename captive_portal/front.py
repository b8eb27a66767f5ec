"""P The front: site file -> nginx configuration.

nginx answers every probe by itself, serves the prerendered pages, keeps catalogue pages for a few seconds (and while the
catalogue is down for a day), and hides slow phones from Python. It listens on every address because the bridge may come
later than it does; the gate's default deny keeps the uplink's side away from it.

Nothing it writes may name a client. Inside ``http`` only "emerg" is logged: a backend that is gone is "crit" with the client
and its request in the line, a broken TLS handshake likewise.
"""

from __future__ import annotations

from collections.abc import Iterable

from appliance.config import SiteConfig
from appliance.gate.nearby import NEARBY_HTTP, lets_in
from appliance.layout import Layout
from appliance.web.languages import Language, answers_to, offered
from captive_portal.front_connections import connections, process
from captive_portal.front_site import repository, site
from captive_portal.probes import Answer, captive_answer, offline_answer

OFFLINE_PORT = 8081
"""Where the gate sends the plain HTTP of admitted phones while the uplink is down."""

_KEPT_ARGUMENTS = "page|need|open|sort"
"""Arguments a catalogue page may be kept with. Not ``q``: what people search for is written nowhere, not even in RAM."""


def files(config: SiteConfig, layout: Layout) -> dict[str, str]:
    """Contribution to ``campbox.files``. HTTPS is served exactly when the site names an ``api_name``; its certificate then
    stands in ``<etc>/tls/cert.pem`` and ``key.pem``."""
    servers = (_captive(config), _nearby(config, layout), _site(config, layout))
    parts = (process(layout), connections(layout), _maps(offered(config)), *servers, "}\n")
    return {"nginx.conf": "".join(parts)}


def site_names(config: SiteConfig) -> tuple[str, ...]:
    """The Host names under which pages are served; any other is sent to the portal and never sees content (rebinding)."""
    names = [config.access.portal_name, config.access.api_name, str(config.lan.address.ip), f"[{config.lan.address6.ip}]"]
    return (*(name for name in names if name), "localhost", "127.0.0.1", "[::1]")


def first_of(languages: tuple[Language, ...], language: Language) -> str:
    """A PCRE that matches an Accept-Language header whose first offered tag is ``language``'s.

    The front takes the order of the header for the order of preference, as every browser sends it; a header whose weights say
    otherwise is the business of the portal (``weighed``). An atomic group: no header makes it backtrack.
    """

    known = answers_to(languages)
    anyone = "|".join(tag.replace("-", "\\-") for tag in _longest_first(known))
    own = "|".join(tag.replace("-", "\\-") for tag in _longest_first(known) if known[tag] is language)
    refused = r"[^,]*;\s*q\s*=\s*0(?:\.0*)?\s*(?:,|$)"
    return rf"^(?>(?:\s*+(?!(?:{anyone})(?![a-z0-9]))[^,]*+,)*)\s*+(?:{own})(?![a-z0-9])(?!{refused})"


def weighed() -> str:
    """A PCRE that matches an Accept-Language header in which a later language weighs more than one before (in tenths).

    Not in one that is longer than any browser's: there the order holds.
    """
    weight = r";\s*q\s*=\s*"
    heavier = [rf"(?:\.0\d*)?\s*,.*{weight}(?:1|0\.[1-9])", rf"\.9[^,]*,.*{weight}1"]
    heavier += [rf"\.{tenth}[^,]*,.*{weight}(?:1|0\.[{tenth + 1}-9])" for tenth in range(1, 9)]
    without = r"[^,]*,(?:.*,)?\s*[a-z*][^;,]*(?:,|$)"
    return rf"^(?=.{{0,200}}$).*{weight}0(?:{'|'.join([without, *heavier])})"


def by_longest_tag(languages: tuple[Language, ...]) -> list[Language]:
    """The order in which the front tries them: who answers to fa-AF before who answers to fa."""
    known = answers_to(languages)
    return sorted(languages, key=lambda one: -max(len(tag) for tag in known if known[tag] is one))


def _longest_first(tags: Iterable[str]) -> list[str]:
    return sorted(tags, key=len, reverse=True)


def _maps(languages: tuple[Language, ...]) -> str:
    tags = "|".join(language.tag for language in languages)
    chosen = "".join(f'        "~*{first_of(languages, one)}" {one.tag};\n' for one in by_longest_tag(languages))
    return f"""\
    # The first language of the reader that the site offers; empty when there is none.
    map $http_accept_language $named {{
        default "";
{chosen}\
    }}
    # The one the phone read last; Apple's sheet keeps no cookies, there the address alone holds it.
    map $cookie_language $chosen {{
        default $named;
        "~^(?:{tags})$" $cookie_language;
    }}
    # Weights that do not fall, and "any language" where none is named, are weighed by the portal (RFC 9110 section 12.5.4).
    map $named:$http_accept_language $weighed {{
        default "";
        "~^:(?:.*,)?\\s*[*]" 1;
        "~*^[^:]*:(?:{weighed()[1:]})" 1;
    }}
    map $cookie_language $asked {{
        default $weighed;
        "~^(?:{tags})$" "";
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


def _nearby(config: SiteConfig, layout: Layout) -> str:
    if not lets_in(config):
        return ""
    return f"""\
    # Neighbour boxes on the uplink's side, led here by the gate: the signed catalogue, no page and no probe.
    server {{
{_listen(NEARBY_HTTP, " default_server")}\
        server_name _;
{repository(layout)}\
        location / {{
            return 404;
        }}
    }}

"""


def _strangers_to_tls() -> str:
    return f"""\
    server {{
{_listen(443, " ssl default_server reuseport backlog=4096")}\
        server_name _;
        ssl_reject_handshake on;
    }}

"""


def _site(config: SiteConfig, layout: Layout) -> str:
    listens = _listen(80) + _listen(OFFLINE_PORT) + (_listen(443, " ssl") if config.access.api_name else "")
    return site(config, layout, site_names(config), listens)
