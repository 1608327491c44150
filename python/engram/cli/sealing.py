"""``engram lock, unlock``: a database sealed with a password.

Owns: how the password is asked for: never as an argument, which others on the machine could read.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from engram.cli.output import JsonOption, print_json, print_line, progress_bar

__all__ = ["lock", "unlock"]

_VARIABLE = "ENGRAM_PASSWORD"

OutputOption = Annotated[Path | None, typer.Option("--output", "-o", help="Where to write it.")]
ForceOption = Annotated[bool, typer.Option("--force", help="Replace a file that is there.")]


def lock(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The database file.")],
    *,
    output: OutputOption = None,
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Seal the file with a password: that of ENGRAM_PASSWORD, or one that is asked for."""
    from engram.sealing import lock as seal

    password = _password(new=True)
    with progress_bar("sealing") as bar:
        sealed = seal(file, password, output, force=force, progress=bar)
    if as_json:
        print_json(sealed.to_dict())
    else:
        print_line(f"sealed {file} as {sealed.path} ({sealed.bytes:,} bytes)")


def unlock(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The sealed file.")],
    *,
    output: OutputOption = None,
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Write the database that a sealed file holds."""
    from engram.sealing import unlock as unseal

    password = _password(new=False)
    with progress_bar("unsealing") as bar:
        opened = unseal(file, password, output, force=force, progress=bar)
    if as_json:
        print_json(opened.to_dict())
    else:
        print_line(f"unsealed {file} as {opened.path} ({opened.bytes:,} bytes)")


def _password(*, new: bool) -> str:
    """Take the password of the environment, or ask for one; twice for a new one."""
    given = os.environ.get(_VARIABLE)
    if given is not None:
        return given
    asked: str = typer.prompt("Password", hide_input=True, confirmation_prompt=new, err=True)
    return asked
