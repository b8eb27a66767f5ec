"""What a phone reads out of a page."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from provisioning.lab.pages import Form, read_page

PAGE = """<!doctype html><html lang="ar" dir="rtl"><head><title>أهلاً</title></head><body>
<a href="/ar/services">x</a><a>no address</a>
<form action="/ar/services" method="get"><input type="search" name="q"><input type="hidden" name="need" value="food"></form>
<form action="/ar/connect?x=1" method="POST"><input type="hidden" name="token" value="7"><button>اتصل</button></form>
</body></html>"""


def test_language_direction_title_and_links_are_read() -> None:
    page = read_page(PAGE)
    assert (page.language, page.direction, page.title, page.links, page.scripts) == ("ar", "rtl", "أهلاً", ["/ar/services"], 0)


def test_the_connect_form_is_found_with_its_hidden_values() -> None:
    assert read_page(PAGE).posting("/connect") == Form("/ar/connect?x=1", "post", {"token": "7"}, ())


def test_the_search_form_is_the_one_to_type_into() -> None:
    assert read_page(PAGE).searching() == Form("/ar/services", "get", {"need": "food"}, ("q",))


def test_a_page_without_forms_has_none() -> None:
    page = read_page("<p>nothing")
    assert page.posting("/connect") is None
    assert page.searching() is None


def test_scripts_are_counted() -> None:
    assert read_page("<script src=x></script><script>1</script>").scripts == 2


@given(st.text(alphabet="<>/\"'= formainputye\n", max_size=200))
def test_no_page_breaks_the_reader(text: str) -> None:
    page = read_page(text)
    assert page.scripts == 0 and page.language == "", "neither word can be spelt with these letters"


PIECES = {"<script src=x></script>": 1, "<script>a < b</script>": 1, "<p>": 0, "script": 0, "</script>": 0, "<form>": 0}


@given(st.lists(st.sampled_from([*PIECES, "<a href=/x>x</a>"]), max_size=12))
def test_scripts_and_links_are_counted_wherever_they_stand(pieces: list[str]) -> None:
    page = read_page("".join(pieces))
    assert page.scripts == sum(PIECES.get(piece, 0) for piece in pieces)
    assert page.links == ["/x"] * pieces.count("<a href=/x>x</a>")
