"""W Offers the captive portal's API by DHCPv4, DHCPv6 and router advertisement while its certificate is valid, and withdraws it.

``python -m appliance.announce.service``. dnsmasq sends the DHCP options; it is told by a file and SIGHUP, as the same user.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import select
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from appliance import clock, facts
from appliance.announce import certificate, offer
from appliance.announce.advert import INTERVAL, advertisement
from appliance.announce.air import EVERYBODY, NOBODY, Air
from appliance.errors import CampboxError
from appliance.files import write_atomically
from appliance.layout import Layout
from appliance.limiter import Limiter
from appliance.log import start_logging
from appliance.trouble import Trouble

log = logging.getLogger(__name__)
PROJECT = Path(__file__).resolve().parents[2]
SERVICE, CONF, OPTIONS = "announce", "announce.conf", "options.conf"
LOOK_EVERY, LOOK_AGAIN = 60.0, 2.0
"""Seconds between two looks at the certificate: as a rule, and until it was seen once."""
AT_ONCE, A_SECOND = 200, 100.0
TO_ALL_EVERY = 3.0
"""Answers to single phones, and seconds between two to everybody (RFC 4861 section 10, MIN_DELAY_BETWEEN_RAS)."""


@dataclass(frozen=True)
class Wanted:
    """What the site file says of it; written by appliance.names."""

    interface: str
    address: str
    name: str
    url: str


class Announcer:
    """Keeps what is offered true."""

    def __init__(self, layout: Layout, wanted: Wanted, air: Air) -> None:
        self.layout, self.wanted, self.air = layout, wanted, air
        self.folder = layout.service_run(SERVICE)
        self.der: bytes | None = None
        self.certificate: offer.Certificate | None = None
        self.offered: bool | None = None
        self.look_due = self.advert_due = 0.0
        self.limiter = Limiter(AT_ONCE, A_SECOND, 1)
        self.to_all_after = 0.0

    def look(self, now: float) -> None:
        """See what the front shows. While it shows nothing (it restarts) or it cannot be read, what it showed last counts."""
        self.look_due = now + (LOOK_EVERY if self.der is not None else LOOK_AGAIN)
        try:
            shown = certificate.shown(self.wanted.address, self.wanted.name)
            if shown != self.der:
                self.certificate, self.der = certificate.described(shown), shown
        except CampboxError as error:
            log.warning("%s", error)
        self.look_due = now + (LOOK_EVERY if self.der is not None else LOOK_AGAIN)

    def judge(self, now: float) -> None:
        """Offer or withdraw, where that is a change."""
        offered = offer.offered(self.certificate, self.wanted.name, clock.now())
        if offered != self.offered:
            self._tell(offered)
            self.offered = offered  # once it is told: what failed is told again
            self.advert_due = now
        if offered and now >= self.advert_due:
            self.advert_due = now + INTERVAL
            self.air.send(advertisement(self.wanted.url), EVERYBODY)

    def _tell(self, offered: bool) -> None:
        write_atomically(self.folder / OPTIONS, offer.options(self.wanted.url, offered=offered))
        with contextlib.suppress(OSError, ValueError):
            os.kill(int((self.layout.service_run("dnsmasq-captive") / "pid").read_text()), signal.SIGHUP)
        facts.publish(self.layout, SERVICE, {"offered": offered})  # once it is so
        log.info("the captive portal's API is %s", "offered" if offered else "not offered: no valid certificate")

    def answer(self, now: float) -> None:
        """One phone asks for routers. To each alone, so that those asleep sleep on; there is no need to name them anywhere."""
        solicitor = self.air.solicitor()
        if solicitor is None or not self.offered:
            return
        if solicitor != NOBODY:
            if self.limiter.allows("", now):
                self.air.send(advertisement(self.wanted.url), solicitor)
        elif now >= self.to_all_after:
            self.to_all_after = now + TO_ALL_EVERY
            self.air.send(advertisement(self.wanted.url), EVERYBODY)

    def pause(self, now: float) -> float:
        """Seconds until something is due."""
        due = min(self.look_due, self.advert_due) if self.offered else self.look_due
        return max(0.0, min(due - now, offer.until_change(self.certificate, clock.now())))

    def turn(self) -> None:
        """Do what is due, then answer whoever asks until something is due again."""
        now = time.monotonic()
        with contextlib.ExitStack() as deeds:  # what is over is withdrawn, whatever becomes of the look
            deeds.callback(self.judge, now)
            if now >= self.look_due:
                self.look(now)
        (self.folder / "ready").touch()
        if select.select([self.air.socket], [], [], self.pause(now))[0]:
            self.answer(time.monotonic())


def main() -> None:
    """Run until the process is ended."""
    start_logging()
    layout = Layout.from_environment(os.environ, PROJECT)
    wanted = Wanted(**json.loads((layout.conf / CONF).read_text()))
    announcer, trouble = Announcer(layout, wanted, Air(wanted.interface)), Trouble()
    while True:
        try:
            announcer.turn()
        except Exception as error:  # noqa: BLE001
            time.sleep(trouble.note("announcing", error))


if __name__ == "__main__":
    main()
