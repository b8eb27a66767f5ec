"""A page's weight counts what phones really fetch."""

from provisioning.bench.weigh import weigh


def test_each_resource_counts_once_and_inline_ones_do_not() -> None:
    page = weigh(
        '<html><head><link rel="stylesheet" href="/a.css"><link rel="alternate" href="/fr/"><script src="/x.js"></script></head>'
        '<body><img src="/i.svg"><img src="/i.svg"><img src="data:image/png;base64,AA"></body></html>'
    )
    assert page.resources == ("/a.css", "/x.js", "/i.svg")
    assert page.scripts == 1
    assert page.nodes == 9
