"""Makes the data sets of the benchmarks.

    python benches/corpus.py fetch FOLDER                    (network: apt and pip, unpacked only)
    python benches/corpus.py make FOLDER --records 100000
    python benches/corpus.py make FOLDER --records 1000000   (shorter passages, see --words)
    python benches/corpus.py judge FOLDER                   (test collections, in FOLDER/judged)

Needs Debian's apt for `fetch`, numpy and tokenizers for `make` (benches/requirements.txt).
"""

from __future__ import annotations

import argparse
from pathlib import Path

from corpora import collections, packages, passages, sets

LARGE = 300_000
"""Above this many records the passages are cut short."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("step", choices=("fetch", "make", "judge"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--words", type=int, help="most words of a passage")
    options = parser.parse_args()
    if options.step == "fetch":
        packages.fetch(options.folder.resolve())
        return
    if options.step == "judge":
        for line in collections.make(options.folder, options.folder / "judged"):
            print(line)
        return
    default = passages.MOST_WORDS if options.records <= LARGE else sets.SMALL_WORDS
    print(sets.make(options.folder, options.records, options.words or default))


if __name__ == "__main__":
    main()
