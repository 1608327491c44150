"""``engram recall-check``: how well searches by vector do.

Owns: how the check is shown.
"""

from __future__ import annotations

from typing import Annotated

import typer

from engram.cli.output import (
    DEFAULT_COLLECTION,
    CollectionOption,
    DatabaseArgument,
    JsonOption,
    existing,
    opened,
    print_json,
    print_line,
)


def recall_check(
    file: DatabaseArgument,
    *,
    collection: CollectionOption = DEFAULT_COLLECTION,
    space: Annotated[
        str | None, typer.Option("--space", help="The vector space, where there are several.")
    ] = None,
    sample: Annotated[int, typer.Option("--sample", help="Stored vectors to ask for.")] = 100,
    k: Annotated[int, typer.Option("-k", help="Neighbours of each.")] = 10,
    recall: Annotated[
        float | None, typer.Option("--recall", help="The recall to ask for, 0.5 to 1.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Compare searches by vector with exact ones."""
    with opened(file) as db:
        found = existing(db, collection).recall_check(sample, space, k, recall)
    if as_json:
        print_json(found.to_dict())
        return
    print_line(
        f"{found.recall:.4f} of the true {found.k} nearest were found, {found.worst:.2f} at worst, "
        f"in {found.took_ms:.2f} ms"
    )
    print_line(
        f"exactly in {found.exact_ms:.2f} ms; {found.sample} vectors of the space {found.space!r} "
        f"asked for, {found.compared_all} of them without codes"
    )
