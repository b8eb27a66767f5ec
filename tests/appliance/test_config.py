"""P The site file: read whole, or refused in one line that names file, line, key and mend."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.config import parse
from appliance.errors import ConfigError
from appliance.values import BoxId, Rate

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "site.toml"
GOOD = EXAMPLE.read_text("utf-8")
PLACE = re.compile(r"file\.toml:[1-9][0-9]*")


def _refused(text: str) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        parse(text, "file.toml")
    error = caught.value
    assert PLACE.fullmatch(error.where), error.where
    assert error.mend
    assert "\n" not in str(error)
    assert error.exit_code == 2
    return error


def _line(text: str, fragment: str) -> int:
    return next(n for n, line in enumerate(text.split("\n"), 1) if fragment in line)


def test_the_example_is_complete_and_right() -> None:
    config = parse(GOOD)
    assert config.site.id == BoxId("camp-north-1")
    assert config.site.languages == ("ar", "fa-AF", "fr", "en")
    assert config.uplinks[0].down == Rate(10_000_000)
    assert config.radio is None
    assert config.access.session == 12 * 3600
    assert config.hub is not None


def test_the_example_shows_every_key_there_is() -> None:
    """Uncommenting the optional lines gives a file that is right too, so none of them is stale."""
    radio = re.sub(r"(?m)^# (\[radio\]|interface =|ssid =|channel =|country =|owe =)", r"\1", GOOD).replace(
        "external_ap = true", ""
    )
    others = re.sub(r"(?m)^# (metered_gb|reset_day|api_name|ca|hours|monthly_mb|neighbours) ", r"\1 ", radio).replace(
        '"sha256:..."', f'"sha256:{"0" * 64}"'
    )
    config = parse(others)
    assert config.radio is not None and config.radio.owe is False
    assert config.uplinks[0].metered_gb == 50.0
    assert config.uplinks[0].reset_day == 1
    assert config.access.api_name == "portal.example.org"
    assert config.hub is not None
    assert config.hub.ca == f"sha256:{'0' * 64}"


def test_hours_and_volume_of_content_and_neighbours_are_read() -> None:
    neighbours = 'neighbours = ["10.45.0.1", "FD5C:a3b0:77::2", "box.camp.internal"]'
    more = f'[catalogue]\nhours = ["22:00-06:00", "13:00-14:30"]\nmonthly_mb = 50.5\n{neighbours}'
    catalogue = parse(GOOD.replace("[catalogue]", more)).catalogue
    assert catalogue.hours == ((22 * 60, 6 * 60), (13 * 60, 14 * 60 + 30)) and catalogue.monthly_mb == 50.5
    assert catalogue.neighbours == ("10.45.0.1", "fd5c:a3b0:77::2", "box.camp.internal")


WRONG: list[tuple[str, str, str]] = [
    ('id = "camp-north-1"', 'id = "Camp North"', "box id"),
    ('id = "camp-north-1"', "", "id is missing"),
    ('country = "JO"', 'country = "Jordan"', "country code"),
    ('"Asia/Amman"', '"Asia/Atlantis"', "time zone"),
    ('"Asia/Amman"', '"Asia"', "time zone"),
    ('"Asia/Amman"', '"../../../etc/passwd"', "time zone"),
    ('"Asia/Amman"', '"' + "x" * 5000 + '"', "time zone"),
    ('["ar", "fa-AF", "fr", "en"]', "[]", "at least one"),
    ('["ar", "fa-AF", "fr", "en"]', '["ar", "ar"]', "twice"),
    ('["ar", "fa-AF", "fr", "en"]', '["Arabic"]', "language code"),
    ('"10.44.0.1/20"', '"10.44.0.1"', "private network"),
    ('"10.44.0.1/20"', '"300.44.0.1/20"', "IPv4"),
    ('"10.44.0.1/20"', '"8.8.8.8/20"', "private network"),
    ('"10.44.0.1/20"', '"127.0.0.1/20"', "private network"),
    ('"10.44.0.1/20"', '"10.44.0.0/20"', "own or broadcast"),
    ('"10.44.0.1/20"', '"10.44.15.255/20"', "own or broadcast"),
    ('"fd5c:a3b0:77::1/64"', '"2001:db8::1/64"', "ULA"),
    ('"fd5c:a3b0:77::1/64"', '"fd5c:a3b0:77::1/48"', "ULA"),
    ('"fd5c:a3b0:77::1/64"', '"fd5c:a3b0:77::1%eth0/64"', "ULA"),
    ('"fd5c:a3b0:77::1/64"', '"fd5c:a3b0:77::/64"', "own address"),
    ('interface = "eth1"', 'interface = "eth0"', "already used by [lan]"),
    ('interface = "eth1"', 'interface = "br-lan"', "already used by the bridge"),
    ('interface = "eth1"', 'interface = "a name too long"', "interface name"),
    ('bridge = "br-lan"', 'bridge = "eth0"', "already used by [lan]"),
    ('down = "10mbit"', 'down = "10"', "rate"),
    ('up = "2mbit"', "up = 2", "text in quotes"),
    ("overhead = 0 ", "overhead = 500 ", "whole number"),
    ("captive.apple.com:80", "captive.apple.com:70000", "port"),
    ("captive.apple.com:80", "captive.apple.com", "host:port"),
    ('session = "12h"', 'session = "forever"', "length of time"),
    ('after_reboot = "grace"', 'after_reboot = "maybe"', "not one of"),
    ('portal_name = "camp.internal"', 'portal_name = "Camp Internal"', "host name"),
    ('portal_name = "camp.internal"', 'portal_name = "a.b"\napi_name = "a.b"', "same as portal_name"),
    ("[access]", '[access]\napi_name = "10.44.0.1"', "no public name"),
    ("[access]", '[access]\napi_name = "portal"', "no public name"),
    ("[access]", '[access]\napi_name = "' + "x" * 60 + "." + "x." * 90 + 'org"', "no public name"),
    ("share = 0.95", "share = nan", "number from"),
    ("share = 0.95", "share = 95", "number from"),
    ("sample = false", 'sample = "no"', "true or false"),
    ("smallest_count = 10", "smallest_count = 1", "whole number"),
    ("[privacy]", "[privcay]", "unknown section 'privcay'"),
    ('name = "North', 'nmae = "x"\nname = "North', "unknown key 'nmae' in [site]"),
    ("external_ap = true ", "external_app = true ", "unknown key 'external_app'"),
    ("external_ap = true ", "external_ap = false ", "neither"),
    ("[lan]", '[radio]\ninterface = "wlan0"\nssid = "x"\nchannel = 1\ncountry = "JO"\n[lan]', "both"),
    ("[lan]", '[radio]\ninterface = "wlan0"\nssid = "' + "م" * 17 + '"\nchannel = 1\ncountry = "JO"\n[lan]', "32 bytes"),
    ("[access]", '[access]\ngarden = ["org"]', "garden: 'org' would open a whole country of names"),
    ("[access]", '[access]\ngarden = ["*.org"]', "garden: '*.org' would open a whole country of names"),
    ("[access]", '[access]\ngarden = ["*.example.*"]', "garden: "),
    ("[access]", '[access]\ngarden = ["example.org/1.2.3.4"]', "garden: "),
    ("[access]", '[access]\ngarden = ["*.example.org", "example.org"]', "garden: has an entry twice"),
    ("[access]", '[access]\ngarden = ["*.camp.internal"]', "garden: camp.internal is the box's own name"),
    ("[access]", '[access]\ngarden = "example.org"', "garden: must be a list"),
    ("[catalogue]", '[catalogue]\nhours = ["22:00"]', "hours: '22:00' is not a span of the day"),
    ("[catalogue]", '[catalogue]\nhours = ["22:00-24:00"]', "hours: "),
    ("[catalogue]", '[catalogue]\nhours = ["06:00-06:00"]', "no time at all"),
    ("[catalogue]", '[catalogue]\nhours = "22:00-06:00"', "hours: must be a list"),
    ("[catalogue]", "[catalogue]\nmonthly_mb = 0", "number from"),
    ("[catalogue]", '[catalogue]\nneighbours = ["http://10.45.0.1/"]', "neighbours: "),
    ("[catalogue]", '[catalogue]\nneighbours = ["fe80::1"]', "neighbours: "),
    ("[catalogue]", '[catalogue]\nneighbours = ["2001:db8::1%eth0"]', "neighbours: "),
    ("[catalogue]", '[catalogue]\nneighbours = ["127.0.0.1"]', "neighbours: "),
    ("format = 1 ", "format = 0 ", "whole number"),
    ("format = 1 ", 'format = "1" ', "whole number"),
    ("format = 1 ", "format = 2 ", "written for a newer Campbox, whose site files have format 2; this one reads 1"),
    ("[[uplink]]", "[uplink]", "list of sections"),
    ("[site]", "[[site]]", "one section"),
    ("[site]", "[site", "not TOML"),
]


@pytest.mark.parametrize(("good", "bad", "said"), WRONG)
def test_a_wrong_site_file_is_refused_by_name(good: str, bad: str, said: str) -> None:
    assert good in GOOD
    assert said in str(_refused(GOOD.replace(good, bad, 1)))


@pytest.mark.parametrize(("good", "bad"), [pair[:2] for pair in WRONG if pair[1].count("\n") == 0 and "=" in pair[1]])
def test_the_error_names_the_very_line(good: str, bad: str) -> None:
    text = GOOD.replace(good, bad, 1)
    changed = next(n for n, (a, b) in enumerate(zip(GOOD.split("\n"), text.split("\n"), strict=True), 1) if a != b)
    assert _refused(text).where == f"file.toml:{changed}"


def test_a_garden_is_names_with_all_below_them() -> None:
    assert parse(GOOD).access.garden == ()
    text = GOOD.replace("[access]", '[access]\ngarden = ["*.example.org", "health.example.net"]')
    assert parse(text).access.garden == ("example.org", "health.example.net")


def test_a_file_without_a_format_is_of_the_first() -> None:
    assert parse(re.sub(r"(?m)^format = 1.*$", "", GOOD)) == parse(GOOD)


def test_a_file_for_a_newer_campbox_is_told_by_its_format_whatever_else_is_new_in_it() -> None:
    newer = (
        GOOD.replace("format = 1 ", "format = 7 ").replace("[privacy]", "[mesh]\nhops = 3\n[privacy]").replace("country", "land")
    )
    assert "format 7" in str(_refused(newer))


def test_two_uplinks_on_one_interface_are_refused_at_the_second() -> None:
    text = GOOD.replace("[access]", '[[uplink]]\ninterface = "eth1"\ndown = "1mbit"\nup = "1mbit"\n[access]')
    error = _refused(text)
    assert "already used by [[uplink]] number 1" in error.what
    assert error.where == f"file.toml:{_line(text, '[access]') - 3}"


def test_a_radio_may_be_the_lan_interface_at_once() -> None:
    radio = '[radio]\ninterface = "eth0"\nssid = "x"\nchannel = 1\ncountry = "JO"\n[lan]'
    assert parse(GOOD.replace("external_ap = true", "").replace("[lan]", radio)).radio is not None


@given(st.text())
def test_any_text_is_refused_in_one_line(text: str) -> None:
    _refused(text)


VALUES = st.recursive(
    st.one_of(
        st.booleans(), st.integers(), st.floats(), st.text(), st.dates(), st.datetimes(),
        st.sampled_from(["eth0", "10mbit", "12h", "10.0.0.1/24", "fd00:1::1/64", "ar", "JO", "camp-1", "sha256:"]),
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=4,
)  # fmt: skip
KEYS = sorted(set(re.findall(r"(?m)^([a-z_0-9]+) = ", GOOD)))


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return '"' + "".join(f"\\U{ord(c):08x}" for c in value if not 0xD800 <= ord(c) < 0xE000) + '"'
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{k} = {_toml(v)}' for k, v in value.items())}}}"
    return str(value).replace("Infinity", "inf")


@given(key=st.sampled_from(KEYS), value=VALUES)
def test_any_value_of_any_key_is_read_or_refused_in_one_line(key: str, value: object) -> None:
    text = re.sub(rf"(?m)^{key} = .*$", lambda _: f"{key} = {_toml(value)}", GOOD)
    try:
        parse(text, "file.toml")
    except ConfigError:
        _refused(text)


@pytest.mark.parametrize("text", ["x = " + "[" * 100_000, "x = " + "9" * 5000, "x = 1979-99-99"])
def test_absurd_toml_is_refused_too(text: str) -> None:
    assert "not TOML" in _refused(text).what


NUMBER = '\n[[emergency]]\nkind = "police"\nnumber = "{}"\n'


def test_emergency_numbers_are_read_in_their_order() -> None:
    read = parse(GOOD + NUMBER.format("911") + NUMBER.format("+962 6 500 0000"))
    assert [(one.kind, one.number) for one in read.emergency] == [("police", "911"), ("police", "+962 6 500 0000")]


@pytest.mark.parametrize("number", ["+999 555 0141", "555-0123"])
def test_an_invented_emergency_number_is_refused_outside_a_sample(number: str) -> None:
    with pytest.raises(ConfigError, match="invented"):
        parse(GOOD + NUMBER.format(number))
    sample = GOOD.replace("sample = false", "sample = true")
    assert parse(sample + NUMBER.format(number)).emergency[0].number == number


@pytest.mark.parametrize(
    "wrong", ['kind = "pizza"\nnumber = "911"', 'kind = "police"\nnumber = "\u0669\u0661\u0661"', 'kind = "police"']
)
def test_a_wrong_emergency_number_is_an_error_that_names_its_line(wrong: str) -> None:
    with pytest.raises(ConfigError, match=r"campbox.toml:[0-9]+: "):
        parse(GOOD + "\n[[emergency]]\n" + wrong + "\n")
