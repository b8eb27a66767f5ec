"""What is read out of a console: kernel messages, colours and half lines in between, and hostile bytes."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.console_page import READY
from provisioning.lab import serial_log

STARTED = (
    "\x1b[2J\x1b[01;01H\x1b[=3hBdsDxe: loading Boot0001\r\n"
    "[    0.812345] EXT4-fs (vda4): mounted\r\n"
    "[\x1b[0;32m  OK  \x1b[0m] Started \x1b[0;1;39mcampbox-gate.service\x1b[0m - Campbox: gate.\r\n"
    "[\x1b[0;1;31mFAILED\x1b[0m] Failed to start \x1b[0;1;39mcampbox-nginx.service\x1b[0m - Campbox: front.\r\n"
    "[\x1b[0;1;31mFAILED\x1b[0m] Failed to start \x1b[0;1;39mcampbox-nginx.service\x1b[0m - Campbox: front.\r\n"
    "[\x1b[0;1;31mFAILED\x1b[0m] Failed to mount /var/lib/campbox.\r\n"
)


def test_before_the_box_says_so_it_is_not_ready() -> None:
    assert serial_log.ready("") is None
    assert serial_log.ready(STARTED) is None


def test_the_last_word_counts_also_behind_a_kernel_message_and_with_more_on_its_line() -> None:
    text = f'{STARTED}{READY}{{"enrol": null}}\r\n[ 12.3] {READY}{{"enrol": "enrolled"}}[ 13.0] eth0: link up\r\n'
    assert serial_log.ready(text) == {"enrol": "enrolled"}


def test_half_a_line_leaves_the_word_before_it() -> None:
    assert serial_log.ready(f'{READY}{{"box": "a"}}\n{READY}{{"box": "b') == {"box": "a"}


def test_what_is_no_object_is_no_word() -> None:
    assert serial_log.ready(f"{READY}[1]\n") is None


def test_failed_units_are_told_once_by_their_names() -> None:
    assert serial_log.failed(STARTED) == ("campbox-nginx.service", "/var/lib/campbox")
    assert serial_log.failed("[  OK  ] Started a.service\n") == ()


@pytest.mark.parametrize(
    "line",
    [
        "[    2.1] Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)",
        "You are in emergency mode. After logging in, type",
        "Press ESC in 5 seconds to skip startup.nsh or any other key to continue.",
        "campbox: cannot start; trying again in a minute",
        "ALERT!  PARTLABEL=system_a does not exist.  Dropping to a shell!",
    ],
)
def test_a_start_that_leads_nowhere_is_known(line: str) -> None:
    assert serial_log.gave_up(f"{STARTED}{line}\r\n") in line
    assert serial_log.gave_up(STARTED) is None


@given(st.text(), st.dictionaries(st.text(max_size=8), st.integers(), max_size=3))
def test_any_console_is_read_to_its_last_word(noise: str, told: dict[str, int]) -> None:
    text = f"{noise}\n{READY}{json.dumps(told)}\n"
    assert serial_log.ready(text) == told
    serial_log.failed(text), serial_log.gave_up(text)
    assert len(serial_log.last_words(noise * 50)) <= 480
