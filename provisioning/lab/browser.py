"""E A phone's browser: resolves through the name server that DHCP named, follows redirects, reads the page."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

from appliance.errors import NotSo
from appliance.values import Ip
from provisioning.lab import dnswire, handset
from provisioning.lab.kinds import PhoneKind
from provisioning.lab.pages import Page, Reply, read_page
from provisioning.lab.world import World

KINDS_OF_RECORD = {4: dnswire.A, 6: dnswire.AAAA}
MOST_REDIRECTS = 6
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Browser:
    """Of a phone of one kind."""

    def __init__(self, kind: PhoneKind, world: World) -> None:
        self.kind, self.world = kind, world

    def address(self, name: str, version: int) -> Ip:
        """What the phone's name server says. Raises NotSo when it knows no address, Unreachable when it is silent."""
        answer = handset.resolve(name, KINDS_OF_RECORD[version], handset.name_servers()[0])
        if not answer.addresses:
            raise NotSo(f"no IPv{version} address for a name, code {answer.code}")
        return answer.addresses[0]

    def fetch(self, url: str, version: int = 4, body: str | None = None, timeout: float | None = None) -> Reply:
        """One request; redirects are not followed."""
        headers = {**self.kind.headers, **(_FORM if body is not None else {})}
        address = self.address(urlsplit(url).hostname or "", version)
        return handset.fetch(url, address, headers, body=body, trust=self.world.trust_file, timeout=timeout)

    def browse(self, url: str, body: str | None = None, version: int = 4) -> tuple[str, Reply, Page]:
        """Go to a page, through redirects; where it ended, what came, what it says. Raises NotSo for a circle."""
        for _ in range(MOST_REDIRECTS):
            reply = self.fetch(url, version, body)
            if reply.status not in (301, 302, 303, 307, 308):
                return url, reply, read_page(reply.text)
            url, body = urljoin(url, reply.location), None
        raise NotSo("redirected in a circle", where=urlsplit(url).hostname or "")
