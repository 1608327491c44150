"""Ask a PDF file, and get answers with page numbers.

    python examples/pdf_rag.py [FILE.pdf QUESTION]

Offline; needs `engram[documents]`. Without a file it makes a small one itself. Everything is in a
folder that is removed at the end.
"""

from __future__ import annotations

import sys
import tempfile
import textwrap
from pathlib import Path

import engram
from engram.extract import extract
from engram.rag import RecursiveCharacterTextSplitter, chunk_records, pack_context

PAGES = [
    """Care of the Bergfex 2 tent. Read this before your first trip. The tent sleeps two, weighs
    1.9 kilograms and stands without pegs in light wind.""",
    """Cleaning. Use lukewarm water and a soft sponge. Soap, solvents and washing machines destroy
    the coating of the fly sheet. Let the tent dry in the shade.""",
    """Repairs. Close small holes with the adhesive patches from the bag of pegs. A broken pole is
    held by the metal sleeve until you are home. Spare parts are sold for ten years.""",
]
QUESTIONS = ["May I wash it with soap?", "What if a pole breaks?", "How heavy is it?"]


def pdf(pages: list[str]) -> bytes:
    """Make a PDF file of pages of text."""
    kids = " ".join(f"{4 + 2 * n} 0 R" for n in range(len(pages)))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for page in pages:
        lines = " T* ".join(f"({line}) Tj" for line in textwrap.wrap(page, 70))
        drawn = f"BT /F1 12 Tf 16 TL 72 760 Td {lines} ET"
        size, fonts = "/MediaBox [0 0 595 842]", "/Resources << /Font << /F1 3 0 R >> >>"
        contents = f"/Contents {len(objects) + 2} 0 R"
        objects.append(f"<< /Type /Page /Parent 2 0 R {size} {fonts} {contents} >>")
        objects.append(f"<< /Length {len(drawn)} >>\nstream\n{drawn}\nendstream")
    body, places = "%PDF-1.4\n", []
    for number, one in enumerate(objects, 1):
        places.append(len(body))
        body += f"{number} 0 obj\n{one}\nendobj\n"
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    count = len(objects) + 1
    tail = f"trailer\n<< /Size {count} /Root 1 0 R >>\nstartxref\n{len(body)}\n%%EOF\n"
    return f"{body}xref\n0 {count}\n0000000000 65535 f \n{table}{tail}".encode("ascii")


def main() -> None:
    """Read a file into a database, and ask it."""
    with tempfile.TemporaryDirectory() as folder:
        path, questions = Path(folder) / "tent.pdf", QUESTIONS
        if sys.argv[1:]:
            path, questions = Path(sys.argv[1]), sys.argv[2:]
        else:
            path.write_bytes(pdf(PAGES))
        source = extract(path, tables=False)
        chunks = source.split(RecursiveCharacterTextSplitter(300, 60))
        with engram.open(Path(folder) / "tent.engram") as db:
            manual = db.collection("manual")
            count = manual.put_many(chunk_records(chunks, path.name, read=source))
            print(f"{path.name}: {source.metadata['pages']} pages, {count} chunks")
            for question in questions:
                packed = pack_context(manual.query(question, k=1), max_tokens=200)
                print(f"\n? {question}")
                for citation in packed.citations:
                    print(textwrap.indent(textwrap.fill(citation.text, 76), "  "))
                    print(f"  -> {citation.source}, page {citation.metadata['page']}")


if __name__ == "__main__":
    main()
