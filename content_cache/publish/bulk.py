"""W A catalogue of any size, made of copies of the sample, for benchmarks: ``python -m content_cache.publish.bulk FILE 5000``.

Prints one JSON object: how many services, seconds to store them, bytes, and queries of which no two are alike.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
import sys
import time
from pathlib import Path

from content_cache import search_text
from content_cache.catalogue_builder import build
from content_cache.hsds import Record
from content_cache.needs import stable_id
from content_cache.publish.importers.report import Imported
from content_cache.publish.importers.sample import import_sample
from content_cache.publish.publisher import SAMPLE
from content_cache.snapshot import Catalogue, Header

SHARED = frozenset({"organization", "taxonomy", "taxonomy_term"})
SERIAL = 10**9
"""Higher than any hub's: a box that holds this catalogue takes no other one."""
MOST_QUERIES = 4_000


def copies(imported: Imported, services: int) -> Catalogue:
    """At least that many services; each copy has ids of its own and its number behind its names."""
    own = [one for one in imported.records if one.entity not in SHARED]
    records = [one for one in imported.records if one.entity in SHARED]
    texts = [text for text in imported.translations if text.entity in SHARED]
    times = -(-services // sum(one.entity == "service" for one in own))
    for number in range(times):
        ids = {one.id: stable_id(one.entity, "copy", number, one.id) for one in own}
        for one in own:
            values = {name: ids.get(value, value) if isinstance(value, str) else value for name, value in one.values.items()}
            if one.entity in ("service", "location"):
                values["name"] = f"{values['name']} {number}"
            records.append(Record(one.entity, values))
        for text in imported.translations:
            if text.id in ids:
                shown = f"{text.text} {number}" if (text.entity, text.field) == ("service", "name") else text.text
                texts.append(dataclasses.replace(text, id=ids[text.id], text=shown))
    header = Header("bench", "2026-11-20T08:00:00Z", imported.language, imported.languages, "Asia/Amman", imported.source, True)
    return Catalogue(header, tuple(records), tuple(texts))


def queries(imported: Imported) -> list[str]:
    """Names and pairs of their words, every tenth with a letter left out."""
    names = [str(one.values["name"]) for one in imported.records if one.entity == "service"]
    names += [text.text for text in imported.translations if (text.entity, text.field) == ("service", "name")]
    known = sorted({word for name in names for word in search_text.words(name) if len(word) > 3})
    pairs = [f"{one} {other}" for one, other in zip(known, known[7:], strict=False)]
    numbered = (f"{word} {number}" for number, word in itertools.product(range(60), known))
    every = list(dict.fromkeys([*names, *known, *pairs, *itertools.islice(numbered, MOST_QUERIES)]))[:MOST_QUERIES]
    return [query[:2] + query[3:] if n % 10 == 0 else query for n, query in enumerate(every)]


def main() -> None:
    """Write the catalogue, say what was done."""
    file, services = Path(sys.argv[1]), int(sys.argv[2])
    imported = import_sample(SAMPLE.read_bytes())
    made = copies(imported, services)
    begin = time.monotonic()
    build(file, made, SERIAL, "bench")
    told = {"services": made.count("service"), "seconds": time.monotonic() - begin, "bytes": file.stat().st_size}
    print(json.dumps(told | {"queries": queries(imported)}))


if __name__ == "__main__":
    main()
