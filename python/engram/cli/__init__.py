"""The command line: ``engram``.

Owns: the entry point. Every command is a thin call of a public method. Data goes to stdout, errors
and progress to stderr. The commands are in the modules beside this one, one per group of verbs.
"""

from __future__ import annotations

__all__ = ["main"]


def main() -> None:
    """Run the command line; the process ends with the exit code of ``docs/reference/cli.md``."""
    from engram.cli.commands import app

    app()
