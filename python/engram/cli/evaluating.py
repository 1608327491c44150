"""``engram evaluate`` and ``engram query-set``: how good what is found is.

Owns: how an evaluation is shown, and the exit code of a regression. Everything is a call of
`engram.evaluate`, which is loaded by these commands only.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engram.cli.failure import EXIT_REGRESSION
from engram.cli.output import (
    DEFAULT_COLLECTION,
    CollectionOption,
    DatabaseArgument,
    JsonOption,
    WhereOption,
    existing,
    opened,
    print_json,
    print_line,
    print_table,
)
from engram.errors import NotFound

if TYPE_CHECKING:
    from engram.evaluate import RetrievalReport

__all__ = ["app", "evaluate"]

app = typer.Typer(help="Keep questions with judgments in a database.", no_args_is_help=True)

SetArgument = Annotated[str, typer.Argument(metavar="SET", help="The name of the query set.")]
QueriesArgument = Annotated[
    Path, typer.Argument(metavar="QUERIES", help="JSON Lines (.jsonl), or id, tab, text.")
]
JudgmentsArgument = Annotated[
    Path, typer.Argument(metavar="JUDGMENTS", help="Query, record and grade; or TREC's qrels.")
]


def evaluate(
    file: DatabaseArgument,
    query_set: SetArgument,
    *,
    collection: CollectionOption = DEFAULT_COLLECTION,
    k: Annotated[int, typer.Option("-k", help="Hits asked for.")] = 10,
    mode: Annotated[
        str, typer.Option("--mode", help="auto, lexical, semantic or hybrid.")
    ] = "auto",
    where: WhereOption = None,
    as_of: Annotated[
        str | None,
        typer.Option("--as-of", help="Ask it as it was: a snapshot's name, or a commit's number."),
    ] = None,
    metric: Annotated[
        list[str] | None, typer.Option("--metric", "-m", help="Such as nDCG@10; repeatable.")
    ] = None,
    save: Annotated[
        str | None, typer.Option("--save", help="Keep the report under this name.")
    ] = None,
    baseline: Annotated[
        str | None, typer.Option("--baseline", help="Compare with the report kept so.")
    ] = None,
    tolerance: Annotated[
        float, typer.Option("--tolerance", help="How far the first metric may fall below it.")
    ] = 0.01,
    as_json: JsonOption = False,
) -> None:
    """Measure what is found for judged questions; exit with 1 where it got worse."""
    from engram.evaluate import (
        QuerySet,
        RetrievalReport,
        check_regression,
        compare,
        evaluate_retrieval,
    )

    point = int(as_of) if as_of is not None and as_of.isdecimal() else as_of
    with opened(file, read_only=save is None) as db:
        report = evaluate_retrieval(
            existing(db, collection),
            QuerySet.load(db, query_set),
            k=k,
            metrics=metric,
            name=save or "now",
            as_of=point,
            mode=mode,
            where=where,
        )
        before = None if baseline is None else RetrievalReport.load(db, query_set, baseline)
        found = None if before is None else compare(before, report)
        check = (
            None
            if before is None
            else check_regression(before, report, report.metrics[0], tolerance)
        )
        if save is not None:
            report.save(db)
    shown: dict[str, Any] = {"report": report.to_dict()}
    if found is not None and check is not None:
        shown |= {"comparison": found.to_dict(), "check": check.to_dict()}
    if as_json:
        print_json(shown)
    else:
        table = report if found is None else found
        print_table(table._head(), table._rows())
        _print_notes(report)
    if check is None:
        return
    if not as_json:
        print_line(str(check))
    if not check:
        raise typer.Exit(EXIT_REGRESSION)


def _print_notes(report: RetrievalReport) -> None:
    """Say what stood in the way of a fair figure."""
    queries = len(report.per_query)
    print_line(f"{queries} queries, {' + '.join(report.retrievers) or 'nothing'} ran")
    for name, why in report.skipped.items():
        print_line(f"{name} was left out: {why}")
    for what, names in (
        ("queries have no relevant record", report.unjudged),
        ("relevant records are not there", report.absent),
    ):
        if names:
            more = ", ..." if len(names) > 1 else ""
            print_line(f"{len(names)} {what}: {names[0]}{more}")


@app.command("import")
def import_set(
    file: DatabaseArgument,
    query_set: SetArgument,
    queries: QueriesArgument,
    judgments: JudgmentsArgument,
    *,
    replace: Annotated[bool, typer.Option("--replace", help="Replace a set of that name.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Save questions with judgments from files in the form of BEIR or TREC."""
    from engram.evaluate import QuerySet

    read = QuerySet.read(query_set, queries, judgments)
    with opened(file, read_only=False) as db:
        read.save(db, replace=replace)
    if as_json:
        print_json({"saved": query_set, "queries": len(read)})
    else:
        print_line(f"saved {len(read)} queries as {query_set}")


@app.command("export")
def export_set(
    file: DatabaseArgument,
    query_set: SetArgument,
    queries: QueriesArgument,
    judgments: JudgmentsArgument,
    *,
    format: Annotated[str, typer.Option("--format", help="beir or trec.")] = "beir",
    as_json: JsonOption = False,
) -> None:
    """Write a saved set to files."""
    from engram.evaluate import QuerySet

    with opened(file) as db:
        loaded = QuerySet.load(db, query_set)
    loaded.write(queries, judgments, format)  # type: ignore[arg-type] # write checks it
    if as_json:
        print_json({"written": query_set, "queries": len(loaded)})
    else:
        print_line(f"wrote {len(loaded)} queries to {queries}")


@app.command("list")
def list_sets(file: DatabaseArgument, *, as_json: JsonOption = False) -> None:
    """List the saved sets, and the reports kept for each."""
    from engram.evaluate import QuerySet, RetrievalReport

    with opened(file) as db:
        sets = [QuerySet.load(db, name) for name in QuerySet.saved(db)]
        reports = {one.name: RetrievalReport.saved(db, one.name) for one in sets}
    if as_json:
        plain = [
            {"name": one.name, "description": one.description, "queries": len(one)}
            | {"reports": reports[one.name]}
            for one in sets
        ]
        print_json(plain)
        return
    rows = [(one.name, len(one), ", ".join(reports[one.name]), one.description) for one in sets]
    print_table(("set", "queries", "reports", "description"), rows)


@app.command("delete")
def delete_set(
    file: DatabaseArgument, query_set: SetArgument, *, as_json: JsonOption = False
) -> None:
    """Delete a saved set, and the reports kept for it."""
    from engram.evaluate import QuerySet

    with opened(file, read_only=False) as db:
        if not QuerySet.delete(db, query_set):
            raise NotFound(
                "query_set.not_found",
                f"there is no query set {query_set!r}",
                "engram query-set list shows them",
            )
    if as_json:
        print_json({"deleted": query_set})
    else:
        print_line(f"deleted {query_set}")
