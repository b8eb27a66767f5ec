"""The PDF has one page and carries its fonts; the codes on the picture are read back as a phone reads them."""

from __future__ import annotations

import ctypes
import dataclasses
import io
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from appliance.errors import BadInput, MissingComponent
from captive_portal.poster import commands, writer
from captive_portal.poster.codes import wifi_uri
from captive_portal.poster.commands import files, one_page, poster
from tests.captive_portal.site import PROJECT, SITE

SITE_FILE = PROJECT / "examples" / "site.toml"
SSIDS = ["Community Wi-Fi", r'a\b;c,d:e"f', "شبكة المخيم", "Ж" * 16]


def _pango() -> bool:
    try:
        ctypes.CDLL("libpangoft2-1.0.so.0")
    except OSError:
        return False
    return True


def needs_pango(test: Callable[..., None]) -> Callable[..., None]:
    """Its loader asks ldconfig, so such a test is none of the fast ones."""
    absent = pytest.mark.skipif(not _pango(), reason="needs Pango: apt-get install libpangoft2-1.0-0 fonts-noto-core")
    marked: Callable[..., None] = pytest.mark.lint(absent(test))
    return marked


@pytest.fixture(scope="module", params=SSIDS)
def printed(request: pytest.FixtureRequest) -> tuple[str, bytes]:
    return request.param, one_page(SITE, request.param)


@needs_pango
def test_the_codes_are_read_back_from_the_picture(printed: tuple[str, bytes]) -> None:
    import zxingcpp
    from PIL import Image

    ssid, sheet = printed
    # Half the dots are harder to read. The picture as it is made is looked at for the longest name, whose code is the finest.
    for dots in (100, writer.DOTS) if ssid == max(SSIDS, key=lambda one: len(one.encode())) else (100,):
        with Image.open(io.BytesIO(writer.png(sheet, dots))) as picture:
            assert picture.size == pytest.approx((210 / 25.4 * dots, 297 / 25.4 * dots), abs=2)
            assert {code.text for code in zxingcpp.read_barcodes(picture)} == {wifi_uri(ssid), "http://camp.internal/"}


@needs_pango
def test_the_pdf_has_one_page_in_a4_and_embeds_every_font(printed: tuple[str, bytes]) -> None:
    import pypdfium2  # type: ignore[import-untyped]
    from pypdfium2 import raw

    document = pypdfium2.PdfDocument(printed[1])
    assert len(document) == 1 and document[0].get_size() == pytest.approx((595.3, 841.9), abs=1)
    texts = [item for item in document[0].get_objects() if item.type == raw.FPDF_PAGEOBJ_TEXT]
    fonts = {_font(raw, item.raw) for item in texts}
    assert len(texts) > 20 and all(embedded for _, embedded in fonts)
    names = " ".join(name for name, _ in fonts)
    assert "Noto-Sans" in names.replace("NotoSans", "Noto-Sans") and "Naskh" in names
    document.close()


def _font(raw: object, item: object) -> tuple[str, bool]:
    font = raw.FPDFTextObj_GetFont(item)  # type: ignore[attr-defined]
    name = ctypes.create_string_buffer(100)
    raw.FPDFFont_GetBaseFontName(font, name, 100)  # type: ignore[attr-defined]
    return name.value.decode(), bool(raw.FPDFFont_GetIsEmbedded(font))  # type: ignore[attr-defined]


@needs_pango
def test_a_sheet_that_does_not_fit_is_tried_smaller_and_then_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "candidates", lambda config, ssid: iter(["<p>x" * 400, "<p>fits"]))
    assert one_page(SITE, "x").startswith(b"%PDF")
    monkeypatch.setattr(commands, "candidates", lambda config, ssid: iter(["<p>x" * 400]))
    with pytest.raises(BadInput, match="do not fit"):
        one_page(SITE, "x")


@needs_pango
def test_the_worst_names_still_give_one_page() -> None:
    site = dataclasses.replace(SITE, site=dataclasses.replace(SITE.site, name="W" * 80))
    assert one_page(site, "W" * 32)


@needs_pango
def test_nothing_is_fetched(tmp_path: Path) -> None:
    (tmp_path / "secret.svg").write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" width="400" height="400"><rect width="400" height="400"/></svg>'
    )
    with_picture = writer.pdf(f'<img src="file://{tmp_path}/secret.svg">')
    assert with_picture is not None and len(with_picture) < 1_500


@needs_pango
def test_a_folder_gets_both_and_the_command_says_what_it_wrote(tmp_path: Path) -> None:
    result = CliRunner().invoke(
        poster, [str(SITE_FILE), "--ssid", "Camp", "--output", str(tmp_path), "--json"], catch_exceptions=False
    )
    said = json.loads(result.output)
    assert [Path(path).name for path in said["written"]] == ["poster-camp-north-1.pdf", "poster-camp-north-1.png"]
    assert (tmp_path / "poster-camp-north-1.png").read_bytes().startswith(b"\x89PNG")
    assert said["ssid"] == "Camp"


def test_a_name_says_which_kind_and_anything_else_is_refused(tmp_path: Path) -> None:
    assert files(tmp_path / "a.pdf", "x") == (tmp_path / "a.pdf",)
    assert files(tmp_path / "a.png", "x") == (tmp_path / "a.png",)
    for wrong in ("a.jpg", "missing"):
        with pytest.raises(BadInput, match=re.escape(wrong)):
            files(tmp_path / wrong, "x")


@pytest.mark.parametrize("wrong", ["x" * 33, ""])
def test_a_name_no_network_can_have_is_refused(tmp_path: Path, wrong: str) -> None:
    result = CliRunner().invoke(poster, [str(SITE_FILE), "--ssid", wrong, "--output", str(tmp_path / "a.pdf")])
    assert isinstance(result.exception, BadInput) and not (tmp_path / "a.pdf").exists()


def test_a_machine_without_the_setter_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    with pytest.raises(MissingComponent, match="libpangoft2"):
        writer.pdf("<p>x")
    monkeypatch.setitem(sys.modules, "pypdfium2", None)
    with pytest.raises(MissingComponent, match="pypdfium2"):
        writer.png(b"")
