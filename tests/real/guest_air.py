"""E A box on a radio of its own, and phones with theirs, inside the virtual machine with Debian's kernel.

The radios are virtual (mac80211_hwsim): the box's is wlan0, and each phone has one in a namespace of its own. The uplink is a cable
to a namespace with a web server. Everything of the box is started, and ended, by the one command.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from appliance.errors import CommandFailed
from appliance.layout import Layout
from appliance.run import find_program, run, spawn
from provisioning.lab.netns import Namespace
from provisioning.lab.pace import patient

SSID = "مخيم North"
GATEWAY, WEB = "10.44.0.1", "192.0.2.1"
SITE = f"""
[site]
id = "camp-vm"
name = "North Gate"
country = "JO"
timezone = "Asia/Amman"
languages = ["ar", "en"]
[lan]
interface = "wlan0"
address = "{GATEWAY}/20"
address6 = "fd5c:a3b0:77::1/64"
[radio]
interface = "wlan0"
ssid = "{SSID}"
channel = 6
country = "JO"
owe = true
[[uplink]]
interface = "eth1"
down = "10mbit"
up = "2mbit"
check = ["{WEB}:80"]
"""
LEASED = """#!/bin/sh
[ "$1" = bound ] || exit 0
ip address replace "$ip/$mask" dev "$interface"
ip route replace default via "$router"
echo "leased $ip dns $dns"
"""
CODE, ROOT = Path.cwd(), Path("/tmp/vm-box")
PORTAL = ("--resolve", f"camp.internal:80:{GATEWAY}")
PROBE_HOST = "connectivitycheck.gstatic.com"
PATIENCE = patient(90.0)
"""Seconds: the machine is emulated, ten to twenty times slower than the one it runs on."""
NETWORKS = ("wlan0", "wlan0-owe")
"""The box's, open and encrypted."""
TRIES, LET_IN = 3, patient(20.0)
"""How often a phone is switched off and on, and after how many seconds without being let in."""


def until(question: Callable[[], Any], what: str, timeout: float = PATIENCE) -> Any:
    """Ask again and again until the answer is true; it."""
    deadline = time.monotonic() + timeout
    while not (answer := question()):
        assert time.monotonic() < deadline, f"not within {timeout:.0f} s: {what}"
        time.sleep(0.5)
    return answer


def let_in(phone: Phone) -> bool:
    """Whether the box's network that the phone is in lets its frames through; it may still be in the list of the one it left."""
    link = phone.link()
    for network in NETWORKS:
        if Path(f"/sys/class/net/{network}/address").read_text().strip() in link:
            stations = run(["iw", "dev", network, "station", "dump"]).stdout.split("Station ")
            return any(re.search(r"authorized:\s*yes", station) for station in stations if station.startswith(phone.mac))
    return False


class Phone:
    """A phone with a radio, which wpa_supplicant drives as on a real one."""

    def __init__(self, number: int) -> None:
        self.place, self.device, self.address = Namespace.create(f"vm-phone-{number}"), f"wlan{number}", ""
        self._settings: tuple[str, ...] = ()
        self._requests_before = 0
        radio = Path(f"/sys/class/net/{self.device}/phy80211/name").read_text().strip()
        run(["iw", "phy", radio, "set", "netns", "name", self.place.name])
        self.wake()

    def wake(self, *settings: str) -> None:
        """Look for the network and join it, with these settings of wpa_supplicant.conf(5)."""
        self._settings, self._requests_before = settings, self._second_requests()
        conf = ROOT / f"{self.place.name}.conf"
        lines = "".join(f" {line}\n" for line in (f"ssid={SSID.encode().hex()}", *(settings or ("key_mgmt=NONE",))))
        conf.write_text(f"network={{\n{lines}}}\n")
        supplicant = [find_program("wpa_supplicant"), "-B", "-P", str(self.pid_file), "-i", self.device, "-D", "nl80211"]
        self.place.run(*supplicant, "-c", str(conf))

    def sleep(self) -> None:
        """Leave the network and forget the address it gave."""
        os.kill(int(self.pid_file.read_text()), signal.SIGTERM)
        until(lambda: not self.link() and not self.pid_file.exists(), f"{self.place.name} sleeps")
        self.place.run("ip", "address", "flush", "dev", self.device)
        self.address = ""

    def off_and_on(self) -> None:
        """What people do when their phone is connected and nothing comes."""
        self.sleep()
        self.wake(*self._settings)

    def asked_again(self) -> bool:
        """Whether the access point let it wait with its association since it woke: Linux tells every try."""
        return self._second_requests() > self._requests_before

    def _second_requests(self) -> int:
        return len(re.findall(rf"{self.device}: associate with .* \(try [23]/3\)", run(["dmesg"]).stdout))

    @property
    def pid_file(self) -> Path:
        """Of its supplicant."""
        return ROOT / f"{self.place.name}.pid"

    @property
    def mac(self) -> str:
        """Its radio's address."""
        (link,) = json.loads(self.place.run("ip", "-j", "link", "show", "dev", self.device).stdout)
        return str(link["address"])

    def link(self) -> str:
        """What the radio says of its link; empty while there is none."""
        said = self.place.run("iw", "dev", self.device, "link").stdout
        return said if "Connected to" in said else ""

    def lease(self) -> str:
        """DHCP, once; the answer is the address. Raises AssertionError with the state of the air when there is none."""
        if not self.address:
            script = ROOT / "leased.sh"
            script.write_text(LEASED)
            script.chmod(0o755)
            asking = [find_program("busybox"), "udhcpc", "-i", self.device, "-n", "-q", "-t", "20", "-s", str(script)]
            try:
                told = self.place.run(*asking, timeout=PATIENCE).stdout
            except CommandFailed as error:
                looks = [["bridge", "fdb", "show", "br", "br-lan"], *(["iw", "dev", n, "station", "dump"] for n in NETWORKS)]
                air = "\n".join(run(look).stdout for look in looks)
                raise AssertionError(f"{error}\n{self.mac} {self.link()}\n{air}") from error
            found = re.search(r"^leased (\S+) dns (\S+)", told, re.M)
            assert found is not None and found[2] == GATEWAY, told
            self.address = found[1]
        return self.address

    def ask(self, url: str, *more: str) -> str:
        """Status and where it leads, as curl sees it; nothing follows a redirect. "000 " when there is no answer."""
        writing = ["-o", "/dev/null", "-w", "%{http_code} %{redirect_url}"]
        return self.place.run("curl", "-s", "-m", "30", *writing, *more, url, check=False).stdout

    def read(self, url: str, *more: str) -> str:
        """A page."""
        return self.place.run("curl", "-s", "-m", "30", *more, url, check=False).stdout

    def pings(self, address: str) -> bool:
        """Whether one of three is answered."""
        return self.place.run("ping", "-c", "3", "-i", "0.5", "-W", "5", address, check=False).returncode == 0


class Air:
    """A box with its radio, two phones with theirs, and what stands behind the uplink."""

    def __init__(self) -> None:
        run(["modprobe", "mac80211_hwsim", "radios=3"])
        ROOT.mkdir(mode=0o755, exist_ok=True)
        self.layout = Layout.under(ROOT / "box", CODE)
        self.net = self._uplink()
        (ROOT / "site.toml").write_text(SITE, encoding="utf-8")
        self.said = ROOT / "said"
        with self.said.open("wb") as output:
            self.box = self._campbox("up", str(ROOT / "site.toml"), stdout=output, stderr=output)
        until(lambda: "services run" in self.words or self.ended, "the box is up", patient(240))
        assert not self.ended, self.words
        self.phones = [Phone(1), Phone(2)]

    def _uplink(self) -> Namespace:
        net = Namespace.create("vm-net")
        run(["ip", "link", "add", "eth1", "type", "veth", "peer", "name", "eth0", "netns", net.name])
        run(["ip", "address", "add", "192.0.2.2/24", "dev", "eth1"])
        run(["ip", "link", "set", "eth1", "up"])
        net.ip("address", "add", f"{WEB}/24", "dev", "eth0")
        net.ip("link", "set", "eth0", "up")
        run(["ip", "route", "add", "default", "via", WEB])
        pages = ROOT / "web"
        pages.mkdir()
        (pages / "index.html").write_text("an ordinary page behind the uplink\n")
        net.run(find_program("busybox"), "httpd", "-p", "80", "-h", str(pages))
        return net

    def _campbox(self, *words: str, **options: Any) -> subprocess.Popen[Any]:
        environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
        argv = [sys.executable, "-m", "appliance.cli", "box", *words, "--root", str(ROOT / "box")]
        return spawn(argv, stdin=subprocess.DEVNULL, env=environment, **options)

    def campbox(self, *words: str) -> str:
        """What another ``campbox box`` command says."""
        said, _ = self._campbox(*words, stdout=subprocess.PIPE, text=True).communicate(timeout=PATIENCE)
        return str(said)

    @property
    def words(self) -> str:
        """Everything ``box up`` has said."""
        return self.said.read_text(errors="replace")

    @property
    def ended(self) -> bool:
        """Whether ``box up`` is gone."""
        return self.box.poll() is not None

    def joined(self, number: int) -> Phone:
        """A phone that is associated and has its lease."""
        phone = self.phones[number - 1]
        until(phone.link, f"phone {number} is associated; hostapd: {(self.layout.log / 'hostapd.log').read_text()}")
        # Associated is not let in: with OWE the keys come first. A phone that hears nothing for a tenth of a second asks once more
        # (IEEE80211_ASSOC_TIMEOUT_SHORT of Linux). hostapd then begins anew with other keys, also where it has let the phone in
        # meanwhile; the phone keeps the first ones, takes hostapd's farewell for a forged one (802.11w) and hears nothing until it
        # is switched off and on. The first keys of an emulated access point take that long; who asked once has no second try.
        for left in reversed(range(TRIES)):
            try:
                until(lambda: let_in(phone), f"phone {number} is let in", LET_IN)
                phone.lease()
                break
            except AssertionError:
                if not left or not phone.asked_again():
                    raise
            phone.off_and_on()
            until(phone.link, f"phone {number} is associated again")
        return phone

    def end(self) -> int:
        """SIGTERM; the exit status."""
        self.box.send_signal(signal.SIGTERM)
        return self.box.wait(PATIENCE)

    def gone(self) -> None:
        """Switch everything off."""
        if not self.ended:
            self.end()
        for place in (*(phone.place for phone in self.phones), self.net):
            place.destroy()
