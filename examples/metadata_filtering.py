"""Filter by metadata: as text, as a dict, as Python, with counts of what there is."""

from __future__ import annotations

import tempfile
from datetime import datetime, timedelta, timezone
from pathlib import Path

import engram
from engram import F

BOOKS = [
    ("dispossessed", "A physicist between two worlds", 1974, "Le Guin", ["novel", "utopia"], 4.2),
    ("left-hand", "An envoy on a planet of winter", 1969, "Le Guin", ["novel", "ice"], 4.1),
    ("piranesi", "A house of endless halls and tides", 2020, "Clarke", ["novel"], 4.3),
    ("exhalation", "Stories about time and choice", 2019, "Chiang", ["stories"], 4.4),
    ("cosmicomics", "Stories told by one who saw it all", 1965, "Calvino", ["stories"], 4.0),
    ("cities", "A traveller describes imagined cities", 1972, "Calvino", [], 4.1),
]


def main() -> None:
    """Put books into a file, and choose among them."""
    with tempfile.TemporaryDirectory() as folder, engram.open(Path(folder) / "b.engram") as db:
        books = db.collection("books")
        for name, text, year, author, tags, rating in BOOKS:
            about = {"year": year, "author": {"name": author}, "tags": tags, "rating": rating}
            books.put(name, text=text, metadata=about)
        books.update("piranesi", metadata={"prize": "Women's Prize"})

        for where in (
            "year BETWEEN 1965 AND 1974 AND tags CONTAINS 'novel'",
            {"author.name": {"$in": ["Calvino", "Chiang"]}, "rating": {"$gt": 4.0}},
            (F.year >= 2000) & ~F.tags.contains("stories"),
            "prize EXISTS",
            "prize != 'Booker'",  # a record without the field does not match
            "NOT prize = 'Booker'",  # unless the whole test is turned around
        ):
            ids = sorted(record.id for record in books.iterate(where))
            print(f"{where!s:<75} {', '.join(ids)}")

        # All k come back where k match, however far from the question they are.
        hits = books.query("a planet in space", where="tags CONTAINS 'stories'", k=2)
        assert sorted(hits.ids) == ["cosmicomics", "exhalation"]
        print(f"\nnearest stories: {', '.join(hits.ids)} (exact: {hits.report.exact})")

        counts = books.facets(["author.name", "tags"], where="year < 2000")
        for field, facet in counts.items():
            print(f"{field}: {dict(facet.values)}")

        # A field that no record has is an error with the nearest one, not an empty list.
        try:
            books.count("yaer = 1969")
        except engram.InvalidInput as error:
            print(f"\n{error}")
        else:
            raise AssertionError("the field was accepted")

        hour_ago = datetime.now(timezone.utc) - timedelta(hours=1)
        print(f"put within the hour: {books.count(F['_created'] >= hour_ago)}")
        print(f"deleted: {books.delete_where('rating < 4.1')}, left: {books.count()}")


if __name__ == "__main__":
    main()
