"""Many texts of which some are refused: which ones, why, and the vectors of all others.

Offline, against a stand-in on this machine that refuses texts of more than 200 characters.
"""

from __future__ import annotations

from stand_in import stand_in

import engram
from engram.embed.remote import get_remote

TEXTS = ["a short text", "another", "far too long " * 50, "", "the last"]


def main() -> None:
    """Embed what can be, and say what cannot."""
    with stand_in() as url, get_remote("compatible:stand-in", base_url=url) as model:
        report = model.encode_report(TEXTS)
        print(report)
        for failure in report.failures:
            print(failure.index, failure.error.code, failure.error.message)
        try:
            model.encode_batch(TEXTS)
        except engram.EngramError as error:
            print(error.code, error.details["indices"])


if __name__ == "__main__":
    main()
