"""Measures putting 1,000 mixed real files into a memory, killed half-way and resumed.

    python benches/documents.py make FOLDER     write the files
    python benches/documents.py run FOLDER      put them, whole and killed half-way; print a table

The files are real texts of this machine: documentation and sources that Python packages and the
system brought (.md, .rst, .html, .py, .txt, .json), and CSV, PDF, DOCX, XLSX and PPTX made of such
texts by the libraries that write them, since hardly any come with packages. `run` starts a process
for each run, so that one can be killed; a run is one call of `Memory.put_folder`.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import os
import random
import re
import shutil
import signal
import site
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

SILENT = re.compile(rb"(?is)<(script|style)\b.*?</\1\s*>|<[^>]*>")
"""What a page does not show."""
COUNTS = {".md": 150, ".rst": 150, ".html": 150, ".py": 150, ".txt": 100, ".json": 60}
MADE = {".csv": 40, ".pdf": 100, ".docx": 60, ".xlsx": 20, ".pptx": 20}
LEAST, MOST = 1_000, 400_000
LEAST_WORDS = 20
PLACES = ("/usr/share/doc", "/usr/share", "/usr/lib/python3")


def texts(ending: str, count: int, chosen: random.Random) -> list[Path]:
    """Choose files of one kind, no two of the same bytes."""
    roots = [*site.getsitepackages(), str(Path(os.__file__).parent), *PLACES]
    roots += [line for one in site.getsitepackages() for line in linked(Path(one))]
    found = sorted(
        {
            file
            for root in roots
            if Path(root).is_dir()
            for file in Path(root).rglob(f"*{ending}")
            if file.is_file() and LEAST <= file.stat().st_size <= MOST
        }
    )
    chosen.shuffle(found)
    kept: dict[bytes, Path] = {}
    for file in found:
        if len(kept) == count:
            break
        try:
            raw = file.read_bytes()
            raw.decode()
            if ending == ".json":
                json.loads(raw)
            if ending == ".html" and len(SILENT.sub(b" ", raw).split()) < LEAST_WORDS:
                continue
        except (OSError, ValueError):
            continue
        kept.setdefault(raw, file)
    return list(kept.values())


def linked(packages: Path) -> Iterator[str]:
    """Other places that a virtual environment takes packages from."""
    for file in packages.glob("*.pth"):
        for line in file.read_text().splitlines():
            if Path(line).is_dir():
                yield line


def paragraphs(file: Path) -> list[str]:
    """The paragraphs of a text, without what no font of the writers has."""
    text = file.read_text(encoding="utf-8").encode("latin-1", "ignore").decode("latin-1")
    kept = ["".join(c for c in part if c.isprintable() or c == "\n") for part in text.split("\n\n")]
    return [part.strip() for part in kept if part.strip()]


def write_pdf(parts: list[str], out: Path) -> None:
    from reportlab.lib.styles import getSampleStyleSheet
    from reportlab.platypus import Paragraph, SimpleDocTemplate

    style = getSampleStyleSheet()["BodyText"]
    flow = [Paragraph(escape(part[:3_000]), style) for part in parts]
    SimpleDocTemplate(str(out), title=parts[0].splitlines()[0][:80]).build(flow)


def write_docx(parts: list[str], out: Path) -> None:
    import docx

    document = docx.Document()
    for part in parts:
        short = len(part) < 60 and "\n" not in part
        (document.add_heading if short else document.add_paragraph)(part)
    document.save(str(out))


def write_pptx(parts: list[str], out: Path) -> None:
    import pptx

    show = pptx.Presentation()
    for part in parts[:60]:
        slide = show.slides.add_slide(show.slide_layouts[1])
        slide.shapes.title.text = part.splitlines()[0][:60]
        slide.placeholders[1].text = part[:800]
    show.save(str(out))


def rows(parts: list[str]) -> list[list[str]]:
    return [
        ["number", "words", "text"],
        *([str(n), str(len(part.split())), part] for n, part in enumerate(parts, 1)),
    ]


def write_xlsx(parts: list[str], out: Path) -> None:
    import openpyxl

    book = openpyxl.Workbook()
    for row in rows(parts):
        book.active.append([cell[:30_000].lstrip("=") for cell in row])
    book.save(out)


def write_csv(parts: list[str], out: Path) -> None:
    text = io.StringIO()
    csv.writer(text).writerows(rows(parts))
    out.write_text(text.getvalue(), encoding="utf-8")


WRITERS = {
    ".pdf": write_pdf,
    ".docx": write_docx,
    ".pptx": write_pptx,
    ".xlsx": write_xlsx,
    ".csv": write_csv,
}


def make(folder: Path) -> None:
    """Write the files."""
    chosen = random.Random(17)
    folder.mkdir(parents=True)
    for ending, count in COUNTS.items():
        for n, file in enumerate(texts(ending, count, chosen)):
            shutil.copyfile(file, folder / f"{n:03}-{file.stem[:40]}{ending}")
    sources = texts(".rst", 600, chosen) + texts(".md", 300, chosen)
    for ending, count in MADE.items():
        made = 0
        while made < count:
            file = sources.pop()
            parts = paragraphs(file)
            if parts:
                WRITERS[ending](parts, folder / f"{made:03}-{file.stem[:40]}{ending}")
                made += 1
    files = list(folder.iterdir())
    print(f"{len(files)} files, {sum(one.stat().st_size for one in files) / 1e6:.1f} MB")


PUT = """
import json, sys
from engram import Memory
with Memory.open(sys.argv[1]) as memory:
    def told(done, total, name):
        if len(sys.argv) > 4:
            print(done, flush=True)
    done = memory.put_folder(sys.argv[2], workers=None if sys.argv[3] == "auto" else int(sys.argv[3]), progress=told)
    statuses = [one.status for one in done.documents]
    print(json.dumps({
        "statuses": {one: statuses.count(one) for one in sorted(set(statuses))},
        "failed": [one.to_dict() for one in done.failed],
        "passages": done.passages,
        "seconds": done.seconds,
    }))
"""


def put(file: Path, folder: Path, workers: str) -> dict[str, Any]:
    """Put the folder in a process of its own."""
    ran = subprocess.run(
        [sys.executable, "-c", PUT, file, folder, workers],
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(ran.stdout)
    return found


def put_and_kill(file: Path, folder: Path, half: int) -> None:
    """Put the folder in a process that is killed once half of the documents are done."""
    process = subprocess.Popen(
        [sys.executable, "-c", PUT, file, folder, "auto", "tell"], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    for line in process.stdout:
        if int(line) >= half:
            break
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()


def contents(file: Path) -> dict[str, tuple[str, list[str]]]:
    """Hash and passage ids of every document, which must fit each other."""
    from engram import Memory

    with Memory.open(file, read_only=True) as memory:
        assert memory.verify(deep=True)
        passages: dict[str, list[str]] = {}
        for record in memory.db.collection("memory").iterate():
            passages.setdefault(record.metadata["doc"]["id"], []).append(record.id)
        out = {}
        for record in memory.db.collection("memory.documents").iterate():
            doc = record.metadata["doc"]
            own = sorted(passages.pop(record.id))
            assert len(own) == doc["passages"], doc["uri"]
            out[doc["uri"]] = (doc["hash"], own)
        assert not passages, "passages without a document"
    return out


def run(folder: Path) -> None:
    """Put the folder whole, then killed half-way and resumed, and compare."""
    files = [one for one in folder.iterdir() if one.is_file()]
    size = sum(one.stat().st_size for one in files)
    print(f"{len(files)} files, {size / 1e6:.1f} MB, {len(os.sched_getaffinity(0))} processors")
    with tempfile.TemporaryDirectory() as place:
        for workers in ("0", "1", "auto"):
            file = Path(place, f"whole{workers}.engram")
            done = put(file, folder, workers)
            report(f"workers={workers}", done, file)
        again = put(file, folder, "auto")
        report("again", again, file)
        killed = Path(place, "killed.engram")
        put_and_kill(killed, folder, len(files) // 2)
        left = len(contents(killed))
        resumed = put(killed, folder, "auto")
        report(f"killed with {left} documents committed, resumed", resumed, killed)
        assert contents(killed) == contents(file), "killed and resumed differs from whole"
        print(
            "killed and resumed: the same documents and passages, none lost or doubled; verify(deep=True) is true"
        )


def report(name: str, done: dict[str, Any], file: Path) -> None:
    """Print one run."""
    seconds = done["seconds"]
    spent = sum(seconds[step] for step in ("extract", "embed", "index")) or 1.0
    shares = ", ".join(
        f"{step} {seconds[step] / spent:.0%}" for step in ("extract", "embed", "index")
    )
    rate = done["passages"] / seconds["total"]
    print(
        f"{name}: {done['statuses']}, {len(done['failed'])} failed, {done['passages']} passages in "
        f"{seconds['total']:.2f} s: {rate:,.0f}/s; {shares}; file {file.stat().st_size / 1e6:.1f} MB"
    )
    for one in done["failed"]:
        print("   ", one["name"].rsplit("/")[-1], one["code"], one["message"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("what", choices=("make", "run"))
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    (make if options.what == "make" else run)(options.folder)


if __name__ == "__main__":
    main()
