"""Two images compared: every difference is named, and none where there is none."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from provisioning.image.compare import all_differences, differences

LISTING = st.dictionaries(st.sampled_from("abcd"), st.sampled_from("12"))


@given(LISTING, LISTING)
def test_every_path_that_differs_is_named_once(ours: dict[str, str], theirs: dict[str, str]) -> None:
    named = [line.split("/")[1].split(":")[0] for line in differences("boot", ours, theirs)]
    assert named == sorted(path for path in ours.keys() | theirs.keys() if ours.get(path) != theirs.get(path))


def test_equal_bytes_are_equal_and_other_bytes_with_equal_files_are_said_to_be() -> None:
    files = {"boot": {"a": "1"}}
    assert all_differences(files, files, ({"boot": "x", "gap": "y"}, {"boot": "x", "gap": "y"})) == []
    assert all_differences(files, files, ({"boot": "x"}, {"boot": "z"})) == ["boot: its files are equal, its bytes are not"]
    assert all_differences(files, {"boot": {"a": "2"}}, ({"boot": "x"}, {"boot": "z"})) == ["boot/a: 1 | 2"]
