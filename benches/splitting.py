"""Measures the splitters of `engram.rag`: megabytes a second on one large text.

    python benches/splitting.py FILE... [--megabytes 5] [--rounds 5]

The files are put one after the other, again and again, up to that size. The best round counts: all of
it runs in one thread, and the rest is noise. Where `langchain-text-splitters` or `semantic-text-splitter`
are installed, they split the same text beside it.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path

from engram.rag import (
    CodeTextSplitter,
    MarkdownTextSplitter,
    RecursiveCharacterTextSplitter,
    TokenTextSplitter,
)

SIZE, OVERLAP = 1_000, 100


def subjects() -> Iterator[tuple[str, Callable[[str], object]]]:
    for overlap in (0, OVERLAP):
        yield f"recursive, overlap {overlap}", RecursiveCharacterTextSplitter(SIZE, overlap).split
    yield "recursive, 200", RecursiveCharacterTextSplitter(200).split
    yield "recursive, estimated tokens", RecursiveCharacterTextSplitter(250, length="tokens").split
    yield "tokens", TokenTextSplitter().split
    yield "markdown", MarkdownTextSplitter(SIZE).split
    yield "code, python", CodeTextSplitter(SIZE).with_language("python").split
    try:
        peer = import_module("langchain_text_splitters")
    except ImportError:
        pass
    else:
        made = peer.RecursiveCharacterTextSplitter(
            chunk_size=SIZE, chunk_overlap=OVERLAP, add_start_index=True
        )
        yield f"langchain recursive, overlap {OVERLAP}", lambda text: made.create_documents([text])
    try:
        peer = import_module("semantic_text_splitter")
    except ImportError:
        pass
    else:
        other = peer.TextSplitter(SIZE, OVERLAP)
        yield f"semantic-text-splitter, overlap {OVERLAP}", other.chunk_indices


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--megabytes", type=float, default=5)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    text = "\n\n".join(path.read_text(encoding="utf-8") for path in options.files)
    wanted = int(options.megabytes * 1e6)
    text = (text * (wanted // len(text) + 1))[:wanted]
    size = len(text.encode())
    for name, split in subjects():
        best = min(timed(split, text) for _ in range(options.rounds))
        print(f"{name:40} {size / 1e6 / best:8.1f} MB/s")


def timed(split: Callable[[str], object], text: str) -> float:
    started = time.perf_counter()
    split(text)
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
