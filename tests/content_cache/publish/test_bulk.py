"""The benchmark's catalogue is a real one: it passes every check of a snapshot, and every copy is a service of its own."""

from __future__ import annotations

from content_cache import snapshot
from content_cache.publish.bulk import copies, queries
from content_cache.publish.importers.sample import import_sample
from content_cache.publish.publisher import SAMPLE


def test_copies_are_services_of_their_own_and_pass_every_check() -> None:
    made = copies(import_sample(SAMPLE.read_bytes()), 200)
    names = [one.values["name"] for one in made.records if one.entity == "service"]
    assert len(names) == len(set(names)) >= 200
    assert snapshot.read(snapshot.write(made)).count("service") == len(names)


def test_no_two_queries_are_alike() -> None:
    asked = queries(import_sample(SAMPLE.read_bytes()))
    assert len(asked) > 2_000 and len(asked) - len(set(asked)) < len(asked) / 20
