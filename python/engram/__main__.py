"""``python -m engram``: the command line.

Owns: nothing; it calls `engram.cli.main`.
"""

from __future__ import annotations

from engram.cli import main

if __name__ == "__main__":
    main()
