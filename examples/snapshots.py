"""Snapshots: ask the past, compare with it, go back to it, and let it go for good."""

from __future__ import annotations

import tempfile
from pathlib import Path

import engram

SECRET = "the recipe of the house"  # noqa: S105 - a text to be forgotten


def main() -> None:
    """Change a small wiki, and look at what it was."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "wiki.engram"
        with engram.open(path) as db:
            wiki = db.collection("wiki")
            wiki.put("lakes", text="Berlin has many lakes.", metadata={"version": 1})
            wiki.put("soup", text=f"Soup: {SECRET}.", metadata={"version": 1})
            first = db.create_snapshot("first")
            print(f"kept commit {first.commit} as {first.name!r}; no record was copied")

            wiki.put("lakes", text="Berlin has hundreds of lakes.", metadata={"version": 2})
            wiki.put("trains", text="The night train leaves at nine.", metadata={"version": 1})
            wiki.delete("soup")

            # Every index answers as of the snapshot: words, vectors and filters.
            assert wiki.query("soup", mode="lexical").ids == []
            assert wiki.query("soup", as_of="first").ids[0] == "soup"
            assert wiki.query("lakes", as_of="first", where="version = 1").ids[0] == "lakes"

            then = db.at("first").collection("wiki")
            before = {record.id: record.text for record in then.iterate()}
            now = {record.id: record.text for record in wiki.iterate()}
            for name in sorted(before.keys() | now.keys()):
                old, new = before.get(name), now.get(name)
                state = "added" if old is None else "deleted" if new is None else "changed"
                print(f"  {name:<7} {'same' if old == new else state}")

            db.create_snapshot("second")
            db.restore_snapshot("first")
            assert sorted(r.id for r in wiki.iterate()) == ["lakes", "soup"]
            db.restore_snapshot("second")
            assert sorted(r.id for r in wiki.iterate()) == ["lakes", "trains"]
            print("went back to the first and forth to the second")

            # What a snapshot keeps stays in the file; without it, optimize removes every byte.
            db.delete_snapshot("first")
            report = db.optimize()
            print(f"optimized: {report.bytes_before:,} bytes before, {report.bytes_after:,} after")
            assert [snapshot.name for snapshot in db.list_snapshots()] == ["second"]
            assert db.verify(deep=True)
        assert SECRET.encode() not in path.read_bytes()
        print("the deleted text is nowhere in the file")


if __name__ == "__main__":
    main()
