"""Users are made while the image is made: locked, under the numbers of the service table, never over somebody else's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import BadInput
from appliance.services import USERS, services
from appliance.units import sysusers
from provisioning.image.accounts import Account, parse_sysusers, with_users

PASSWD = "root:x:0:0:root:/root:/bin/bash\nlp:x:7:7:lp:/var/spool/lpd:/usr/sbin/nologin\n"
GROUP, SHADOW = "root:x:0:\nlp:x:7:\n", "root:*:19000:0:99999:7:::\nlp:*:19000:0:99999:7:::\n"


def test_the_service_tables_users_are_made() -> None:
    found = parse_sysusers("# ours\n\n" + sysusers(services("box", radio=True)))
    assert {(one.name, one.uid) for one in found} <= set(USERS.items()) and len(found) >= 6
    passwd, group, shadow = with_users(PASSWD, GROUP, SHADOW, found, 20_000)
    assert passwd.startswith(PASSWD) and group.startswith(GROUP) and shadow.startswith(SHADOW)
    gate = USERS["campbox-gate"]
    assert f"campbox-gate:x:{gate}:{gate}:Campbox:/:/usr/sbin/nologin\n" in passwd
    assert f"campbox-gate:x:{gate}:\n" in group
    assert "campbox-gate:!*:20000::::::\n" in shadow


def test_making_them_twice_changes_nothing() -> None:
    made = with_users(PASSWD, GROUP, SHADOW, [Account("x", 9)], 1)
    assert with_users(*made, [Account("x", 9)], 2) == made


@pytest.mark.parametrize(("account", "why"), [(Account("x", 7), "is taken"), (Account("lp", 8), "has the number 7")])
def test_nobodys_number_is_given_away(account: Account, why: str) -> None:
    with pytest.raises(BadInput, match=why):
        with_users(PASSWD, GROUP, SHADOW, [account], 1)


@pytest.mark.parametrize("line", ["u a -", "g a 5", 'u a 5 "open', "u a 5:6", "u a", "u a:b 5", "m a b", "u a ٣"])
def test_what_is_not_understood_ends_the_build(line: str) -> None:
    with pytest.raises(BadInput, match=r"sysusers\.d"):
        parse_sysusers(line)


@given(st.text(max_size=100))
def test_any_text_is_users_or_one_line(text: str) -> None:
    try:
        found = parse_sysusers(text)
    except BadInput:
        return
    passwd, _, _ = with_users(
        "", "", "", dict((one.uid, one) for one in found if len({o.name for o in found}) == len(found)).values(), 1
    )
    assert all(line.count(":") == 6 for line in passwd.split("\n") if line)
