"""How a command fails: one line on stderr and an exit code that tells the class of the error.

Owns: `EXIT_CODES` (the table of ``docs/reference/cli.md``, compared by a test) and the command
group that turns errors into it.
"""

from __future__ import annotations

import sys
from typing import Any

import typer
from typer.core import TyperGroup

from engram import errors

__all__ = ["EXIT_CODES", "EXIT_REGRESSION", "EXIT_UNSOUND", "CommandGroup"]

EXIT_CODES: dict[type[errors.EngramError], int] = {
    errors.InvalidInput: 2,
    errors.NotFound: 3,
    errors.Conflict: 4,
    errors.Busy: 5,
    errors.Corrupt: 6,
    errors.Incompatible: 7,
    errors.Io: 8,
    errors.Closed: 9,
    errors.MissingExtra: 10,
    errors.Internal: 70,
}
"""The exit code of each class of errors. 2 is also what a wrong command line gives."""

EXIT_UNSOUND = EXIT_CODES[errors.Corrupt]
"""What `verify` and `doctor` exit with where the file is not sound."""

EXIT_REGRESSION = 1
"""What `evaluate` exits with where a metric fell below its baseline."""


_HINTS = {
    "check the path, or open with create=True": "check the path; engram put makes a new file",
    "pass text=... or vector=..., or use iterate(where=...) to list records": (
        "give words to look for; engram list shows all records"
    ),
}
"""Hints that name arguments of the Python API, in the words of the command line."""


class CommandGroup(TyperGroup):
    """Runs commands; an engram error becomes one line and an exit code."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except errors.EngramError as error:
            if (ctx.obj or {}).get("debug"):
                raise
            hint = f" (hint: {_HINTS.get(error.hint, error.hint)})" if error.hint else ""
            where = getattr(error, "filename", None)
            place = f" [{where}]" if where and str(where) not in error.message else ""
            sys.stderr.write(f"error[{error.code}]: {error.message}{place}{hint}\n")
            raise typer.Exit(EXIT_CODES[type(error)]) from error
