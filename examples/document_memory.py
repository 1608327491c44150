"""A folder of documents as a memory: put, put again, asked by time, given back.

    python examples/document_memory.py [FOLDER]

Runs offline. Without a folder it makes a small one.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from engram import Memory

NOTES = {
    "camp/tents.md": "# Tents\n\nPitch them on high ground.\n\n## Rain\n\nDig no trench.\n",
    "camp/fire.html": "<h1>Fire</h1><p>Dry wood burns. Keep matches in a tin.</p>",
    "packing.csv": "thing,weight\ntent,1900\nstove,450\n",
}


def make(folder: Path) -> None:
    """Write the small folder."""
    for name, text in NOTES.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


def main(folder: Path, file: Path) -> None:
    """Put the folder twice, search it, get an original back."""
    with Memory.open(file) as memory:
        done = memory.put_folder(folder)
        print(
            f"{done.count('added')} documents, {done.passages} passages, {len(done.failed)} failed"
        )
        again = memory.put_folder(folder, remove_vanished=True)
        print(f"again: {again.count('unchanged')} unchanged, {again.passages} passages written")
        assert again.count("unchanged") == len(done.documents)

        for found in memory.find("where do I pitch a tent in the rain", k=3):
            headings = " > ".join(found.place.get("path", ()))
            print(f"{found.score:.2f}  {found.uri} [{headings}] {found.start}-{found.end}")
            print("      ", " ".join(found.snippet.marked().split()) if found.snippet else "")
            stored = memory.get(found.document.id)
            assert stored is not None
            assert stored.text[found.start : found.end] == found.text

        today = memory.find("what did I write today", when=True, adaptive=True)
        print(f"today: {len(today)} passages; the list ends because: {today.cut}")
        latest = memory.timeline(1)[0]
        print(f"latest: {latest.uri}, {len(memory.blob(latest.id))} bytes as they were")
        print(memory.stats().embedding_identity_summary)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary)
        if len(sys.argv) > 1:
            main(Path(sys.argv[1]), place / "memory.engram")
        else:
            make(place / "notes")
            main(place / "notes", place / "memory.engram")
