"""The page on the law: a draft in the demo, nothing unread on a real site."""

from __future__ import annotations

from pathlib import Path

from tests.content_cache.data import many
from tests.content_cache.site import client


def test_unreviewed_legal_text_is_not_served_outside_the_demo(tmp_path: Path) -> None:
    page = client(tmp_path / "real", many(1)).get("/en/services/rights").get_data(as_text=True)
    assert "Nobody has checked a text for this country yet." in page
    assert "1951" not in page and "1973" not in page and "/en/services/need/legal-help" in page
    demo = client(tmp_path / "demo", many(1, sample=True), sample=True).get("/en/services/rights").get_data(as_text=True)
    assert "This is a draft. No lawyer has read it." in demo
    assert "This country is not party to the Refugee Convention of 1951." in demo and "Law No. 24 of 1973" in demo


def test_a_stored_sample_alone_makes_no_demo(tmp_path: Path) -> None:
    page = client(tmp_path, many(1, sample=True)).get("/en/services/rights").get_data(as_text=True)
    assert "1951" not in page
