"""The lean form: every snapshot comes back byte for byte, nothing hostile gets through, and updates are small."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.errors import BadInput
from content_cache import lean_restore, snapshot
from content_cache.hsds import Record, Translation, record
from content_cache.lean import lean
from content_cache.lean_lines import escape, unescape
from content_cache.lean_restore import restore
from content_cache.needs import stable_id
from content_cache.publish.importers.sample import import_sample
from content_cache.publish.importers.services_advisor import import_files
from content_cache.snapshot import Catalogue, Header
from tests import golden_files
from tests.content_cache.data import PROJECT, header, many, real

SAMPLE = PROJECT / "content_cache" / "publish" / "sample" / "services.json"


def _jordan(*names: str) -> bytes:
    files = {tag: real("jordan", name).read_bytes() for tag, name in zip(("en", "ar"), names, strict=False)}
    made = import_files(files, country="JO")
    top = Header("jordan", "2015-07-28T00:00:00Z", "en", made.languages, "Asia/Amman", made.source, made.sample)
    return snapshot.write(Catalogue(top, made.records, made.translations))


def test_the_real_catalogue_comes_back_and_is_a_third_as_long() -> None:
    canonical = _jordan("services.json", "services_ar.json")
    made = lean(canonical)
    assert restore(made) == canonical and len(made) < len(canonical) / 2
    named = [line for line in made.decode().split("\n") if "\tid=" in line]
    assert len(named) <= 2, "ids travel that could be computed"


def test_the_sample_comes_back() -> None:
    made = import_sample(SAMPLE.read_bytes())
    canonical = snapshot.write(Catalogue(header(sample=True), made.records, made.translations))
    assert restore(lean(canonical)) == canonical != lean(canonical)


@pytest.mark.parametrize(
    "content",
    [
        b"", b"junk", b"{}", b"{}\n", b'{"a":1}\n{"e":"service"}\n', b"\xff\n", b'{}\n{"e":"x","id":"1"}\n',
        pytest.param(b"{}\n" + b"[" * 100_000, id="deep"),
    ],
)  # fmt: skip
def test_what_is_no_snapshot_comes_back_too(content: bytes) -> None:
    assert restore(lean(content)) == content


_TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc"), include_characters="\t\n\\#=~%"), min_size=1, max_size=12)


@st.composite
def _catalogues(draw: st.DrawFn) -> Catalogue:
    """Services, places and what hangs below them; ids by rule or any; texts with every character that means something here."""
    records, texts = list[Record](), list[Translation]()
    for number in range(draw(st.integers(1, 4))):
        service, name = str(draw(st.uuids())), draw(_TEXT)
        records.append(record("service", id=service, name=name, status="active", minimum_age=draw(st.none() | st.integers(0, 99))))
        place = stable_id("location", "sample", "x", 1.5, None) if number == 0 else str(draw(st.uuids()))
        records.append(record("location", id=place, location_type="physical", name="x", longitude=1.5))
        records.append(record("service_at_location", id=stable_id("s", number), service_id=service, location_id=place))
        for turn in range(draw(st.integers(0, 3))):
            value = draw(_TEXT)
            id = draw(st.sampled_from([stable_id("attribute", service, "k", "l", value), stable_id("a", number, turn)]))
            if all(one.id != id for one in records):
                records.append(
                    record("attribute", id=id, link_id=service, link_entity="service", link_type="k", label="l", value=value)
                )
        if draw(st.booleans()):
            texts += [
                Translation("service", service, "name", tag, draw(_TEXT), "me", True)
                for tag in draw(st.sets(st.sampled_from(["ar", "fr"])))
            ]
    return Catalogue(header(), tuple(records), tuple(texts))


@settings(max_examples=60)
@given(_catalogues())
def test_any_catalogue_comes_back(catalogue: Catalogue) -> None:
    canonical = snapshot.write(catalogue)
    made = lean(canonical)
    assert made.startswith(lean_restore.MARK) and restore(made) == canonical


@given(st.text())
def test_an_escaped_text_stands_on_one_line(text: str) -> None:
    assert unescape(escape(text)) == text and not {"\t", "\n"} & set(escape(text))


def test_the_same_text_is_translated_once() -> None:
    one, other = stable_id("service", 1), stable_id("service", 2)
    records = tuple(record("service", id=id, name="Clinic", status="active") for id in (one, other))
    both = tuple(Translation("service", id, "name", "ar", "عيادة", "me", False) for id in (one, other))
    made = lean(snapshot.write(Catalogue(header(), records, both)))
    assert made.decode().count("عيادة") == 1
    first_only = snapshot.write(Catalogue(header(), records, both[:1]))
    assert restore(lean(first_only)) == first_only


_BAD = (
    "x\tname=a", "service\tname=a\tid=%9999", "service\tname=a\tid=%1e9", "  service\tname=a", "service\tbad=1",
    "~name\tar\tme\t1\tx", "service\tname=\\q\tid=a", "service\tid=a\n~name\tar\tme\t7\tx",
    "service\torganization_id=#abcd\tid=a", "service\tminimum_age=[]\tid=a", "service\tminimum_age=NaN\tid=a",
    "service\tminimum_age=" + "[" * 100_000 + "\tid=a", " " * 9 + "service",
)  # fmt: skip


@pytest.mark.parametrize("lines", _BAD)
def test_what_is_not_lean_is_refused(lines: str) -> None:
    with pytest.raises(BadInput):
        restore(lean_restore.MARK + b"{}\n" + lines.encode() + b"\n")


@settings(max_examples=200)
@given(st.binary(max_size=200) | st.text("\t\n ~=#%service_id=na\\", max_size=200).map(str.encode))
def test_any_bytes_are_restored_or_refused(content: bytes) -> None:
    try:
        restored = restore(lean_restore.MARK + content)
    except BadInput as error:
        assert error.mend and "\n" not in str(error)
    else:
        assert all(isinstance(json.loads(line), dict) for line in restored.split(b"\n")[1:-1])


def test_a_bomb_of_remembered_translations_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lean_restore, "LARGEST", 2_000_000)
    lines = ["service\tname=a\tid=0", "~name\tar\tme\t1\t" + "x" * 100_000, *(f"service\tname=a\tid={n}" for n in range(1, 10_000))]
    with pytest.raises(BadInput, match="too large"):
        restore(lean_restore.MARK + ("{}\n" + "\n".join(lines) + "\n").encode())


def test_lines_of_the_lean_form_read_as_the_golden_text() -> None:
    canonical = snapshot.write(many(1))
    assert json.loads(canonical.split(b"\n")[0])["site"] == "camp-1"
    golden_files.same(golden_files.FOLDER / "catalogue.lean", lean(canonical))
