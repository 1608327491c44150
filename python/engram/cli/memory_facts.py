"""``engram memory enrich, facts, state, correct, export-facts``: what documents say of whom.

Owns: how facts are shown. Everything is a call of `engram.Memory`.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engram.cli.memory_options import (
    AccessOption,
    MemoryOption,
    access_of,
    moment_of,
    opened_memory,
)
from engram.cli.output import DatabaseArgument, JsonOption, print_json, print_line, print_table
from engram.errors import NotFound
from engram.memory.layout import DEFAULT_NAME

if TYPE_CHECKING:
    from engram.enrich import Fact

__all__ = ["correct", "enrich", "export_facts", "facts", "state"]

EntityArgument = Annotated[str, typer.Argument(metavar="ENTITY", help="Of whom or what.")]
SlotArgument = Annotated[str, typer.Argument(metavar="SLOT", help="What about it.")]
EntityOption = Annotated[str | None, typer.Option("--entity", help="Of whom or what.")]
AtOption = Annotated[str | None, typer.Option("--at", help="What held at that moment.")]


def enrich(
    file: DatabaseArgument,
    documents: Annotated[
        list[str] | None, typer.Argument(metavar="[ID...]", help="Ids or uris; all unless given.")
    ] = None,
    *,
    engine: Annotated[str, typer.Option("--engine", help="rules, or provider:model.")] = "rules",
    force: Annotated[bool, typer.Option("--force", help="Read again what was read.")] = False,
    name: MemoryOption = DEFAULT_NAME,
    as_json: JsonOption = False,
) -> None:
    """Read documents for facts."""
    with opened_memory(file, name, read_only=False) as memory:
        done = memory.enrich(*(documents or ()), engine=engine, force=force)
    if as_json:
        print_json(
            {
                "documents": done.documents,
                "facts": done.facts,
                "skipped": done.skipped,
                "failed": [one.to_dict() for one in done.failed],
            }
        )
    else:
        print_line(f"{done.facts} facts in {done.documents} documents, {done.skipped} read before")
        for one in done.failed:
            typer.echo(f"failed: {one.name}: [{one.error.code}] {one.error.message}", err=True)


def facts(
    file: DatabaseArgument,
    *,
    entity: EntityOption = None,
    slot: Annotated[str | None, typer.Option("--slot", help="What about it.")] = None,
    at: AtOption = None,
    access: AccessOption = None,
    name: MemoryOption = DEFAULT_NAME,
    as_json: JsonOption = False,
) -> None:
    """List the facts that are known, oldest first."""
    with opened_memory(file, name) as memory:
        found = memory.memories(entity, slot, at=moment_of(at, "--at"), access=access_of(access))
    if as_json:
        print_json([one.to_dict() for one in found])
    else:
        print_table(("entity", "slot", "value", "from", "to", "document"), map(_row, found))


def state(
    file: DatabaseArgument,
    entity: EntityArgument,
    slot: SlotArgument,
    *,
    at: AtOption = None,
    access: AccessOption = None,
    name: MemoryOption = DEFAULT_NAME,
    as_json: JsonOption = False,
) -> None:
    """Say what holds: the value of a slot, now or at a moment."""
    with opened_memory(file, name) as memory:
        found = memory.state(entity, slot, at=moment_of(at, "--at"), access=access_of(access))
    if found is None:
        raise NotFound("record.not_found", f"nothing is known of {entity!r}, {slot!r}")
    if as_json:
        print_json(found.to_dict())
    else:
        print_line(found.value)


def correct(
    file: DatabaseArgument,
    entity: EntityArgument,
    slot: SlotArgument,
    value: Annotated[str, typer.Argument(metavar="VALUE", help="What is right.")],
    *,
    since: Annotated[str | None, typer.Option("--since", help="Since when.")] = None,
    source: Annotated[
        str | None, typer.Option("--source", help="The document that it is known from.")
    ] = None,
    name: MemoryOption = DEFAULT_NAME,
    as_json: JsonOption = False,
) -> None:
    """Put a fact right."""
    with opened_memory(file, name, read_only=False) as memory:
        fact = memory.correct(entity, slot, value, since=moment_of(since, "--since"), source=source)
    if as_json:
        print_json(fact.to_dict())
    else:
        print_line(f"{fact.entity}, {fact.slot}: {fact.value}")


def export_facts(
    file: DatabaseArgument,
    *,
    format_name: Annotated[str, typer.Option("--format", help="json, jsonl or csv.")] = "json",
    entity: EntityOption = None,
    provenance: Annotated[
        bool, typer.Option("--provenance/--no-provenance", help="Sources and confidences too.")
    ] = True,
    access: AccessOption = None,
    name: MemoryOption = DEFAULT_NAME,
) -> None:
    """Write facts to stdout."""
    with opened_memory(file, name) as memory:
        text = memory.export_facts(
            format_name,  # type: ignore[arg-type]  # it checks
            entity=entity,
            with_provenance=provenance,
            access=access_of(access),
        )
    sys.stdout.write(text if text.endswith("\n") else text + "\n")


def _row(fact: Fact) -> tuple[Any, ...]:
    times = [one.date().isoformat() if one else "" for one in (fact.valid_from, fact.valid_to)]
    return fact.entity, fact.slot, fact.value, *times, fact.document or ""
