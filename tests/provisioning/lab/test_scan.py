"""A scanner that finds nothing proves nothing: here it must find what was planted."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from provisioning.lab import needles
from provisioning.lab.scan import EXCLUDED, scan

MAC, V4 = "02:ca:5b:01:aa:ff", "10.44.3.7"
DEVICE = needles.of_device("phone-1", MAC, [V4])


def test_a_planted_address_in_a_database_and_its_journal_is_found(tmp_path: Path) -> None:
    database = sqlite3.connect(tmp_path / "store.sqlite")
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("CREATE TABLE t (x BLOB, y TEXT)")
    database.execute("INSERT INTO t VALUES (?, ?)", (bytes.fromhex(MAC.replace(":", "")), V4))
    database.commit()
    done = scan([tmp_path], DEVICE)
    database.close()
    assert {find.what for find in done.finds} == {"the MAC address of phone-1", "the IPv4 address of phone-1"}
    assert any(find.file.endswith("-wal") for find in done.finds)


def test_a_planted_address_in_a_file_name_is_found(tmp_path: Path) -> None:
    (tmp_path / f"session-{V4}").write_bytes(b"")
    assert [find.what for find in scan([tmp_path], DEVICE).finds] == ["the IPv4 address of phone-1"]


def test_what_is_excluded_is_not_read_and_the_rest_is(tmp_path: Path) -> None:
    for name in ("leases", "other"):
        (tmp_path / name).write_text(f"{MAC} {V4}")
    done = scan([tmp_path], DEVICE, {tmp_path / "leases"})
    assert {Path(find.file).name for find in done.finds} == {"other"}
    assert done.files == 1


def test_an_innocent_folder_has_no_find(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("started; 12 people online\n")
    done = scan([tmp_path], DEVICE)
    assert (done.files, done.finds) == (1, ())


def test_nothing_but_the_project_itself_is_excluded() -> None:
    assert [path.name for path in EXCLUDED] == ["app"]
