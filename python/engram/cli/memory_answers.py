"""``engram memory ask``: a question, and its answer with sources.

Owns: how answers are shown. A model's answer comes in pieces where somebody looks at it.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engram.cli.memory_options import (
    AccessOption,
    AdaptiveOption,
    AsOfOption,
    EmbedderOption,
    KOption,
    MaxKOption,
    MemoryOption,
    ModeOption,
    RelevancyOption,
    ScopeOption,
    SessionOption,
    SinceOption,
    StrategyOption,
    TagsOption,
    UntilOption,
    WhenOption,
    opened_memory,
    searching,
    without_none,
)
from engram.cli.output import DatabaseArgument, JsonOption, WhereOption, print_json, print_line
from engram.errors import InvalidInput
from engram.memory.layout import DEFAULT_NAME

if TYPE_CHECKING:
    from engram.answer import Answer
    from engram.llm import RemoteLLM

__all__ = ["ModelOption", "UrlOption", "ask", "model_of"]

ModelOption = Annotated[
    str | None,
    typer.Option(
        "--model", help="What answers, such as openai:gpt-5-mini; sentences found unless given."
    ),
]
UrlOption = Annotated[
    str | None, typer.Option("--base-url", help="Where the model is, instead of its provider's.")
]


def ask(
    file: DatabaseArgument,
    question: Annotated[str, typer.Argument(help="What is asked.")],
    *,
    model: ModelOption = None,
    base_url: UrlOption = None,
    k: KOption = None,
    mode: ModeOption = "auto",
    where: WhereOption = None,
    scope: ScopeOption = None,
    tags: TagsOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    when: WhenOption = None,
    as_of: AsOfOption = None,
    adaptive: AdaptiveOption = False,
    min_relevancy: RelevancyOption = None,
    max_k: MaxKOption = None,
    strategy: StrategyOption = None,
    access: AccessOption = None,
    sentences: Annotated[
        int | None, typer.Option("--sentences", help="Most sentences of an answer without model.")
    ] = None,
    max_context: Annotated[
        int | None, typer.Option("--max-context", help="Most tokens that the model is shown.")
    ] = None,
    max_tokens: Annotated[
        int | None, typer.Option("--max-tokens", help="Most tokens of the model's answer.")
    ] = None,
    instructions: Annotated[
        str | None, typer.Option("--instructions", help="What else the model is told.")
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict/--no-strict", help="Withhold what no passage supports.")
    ] = True,
    context_only: Annotated[
        bool, typer.Option("--context-only", help="Print what a model would be shown.")
    ] = False,
    sources: Annotated[
        bool, typer.Option("--sources", help="List every passage of the context too.")
    ] = False,
    mask_pii: Annotated[
        bool, typer.Option("--mask-pii", help="Keep e-mail addresses, phone numbers and such here.")
    ] = False,
    stream: Annotated[
        bool, typer.Option("--stream/--no-stream", help="Print the answer as it comes.")
    ] = True,
    session: SessionOption = None,
    embedder: EmbedderOption = "default",
    name: MemoryOption = DEFAULT_NAME,
    as_json: JsonOption = False,
) -> None:
    """Answer a question from the memory, with sources."""
    options = searching(
        k=k,
        mode=mode,
        where=where,
        scope=scope,
        tags=tags,
        since=since,
        until=until,
        when=when,
        as_of=as_of,
        access=access,
        adaptive=adaptive,
        min_relevancy=min_relevancy,
        max_k=max_k,
        adaptive_strategy=strategy,
    )
    options |= without_none(
        {
            "sentences": sentences,
            "max_context": max_context,
            "max_tokens": max_tokens,
            "instructions": instructions,
        }
    )
    options |= {
        "strict": strict,
        "context_only": context_only,
        "return_sources": sources,
        "mask_pii": mask_pii,
    }
    by = model_of(model, base_url)
    try:
        with opened_memory(file, name, read_only=session is None, embedder=embedder) as memory:
            if session is not None:
                answer = memory.session(session).ask(question, by, **options)
            elif as_json or context_only or not stream:
                answer = memory.ask(question, by, **options)
            else:
                pieces = memory.ask(question, by, stream=True, **options)
                for piece in pieces:
                    sys.stdout.write(piece)
                    sys.stdout.flush()
                print_line("")
                _show_below(pieces.answer)
                return
    finally:
        if by is not None:
            by.close()
    if as_json:
        print_json(answer.to_dict())
    elif context_only:
        print_line(answer.context)
    else:
        print_line(answer.text)
        _show_below(answer)


def model_of(name: str | None, base_url: str | None) -> RemoteLLM | None:
    """Make the model that was named.

    Raises:
        InvalidInput: ``provider.unknown``, ``remote.key``; ``input.invalid`` for an address alone.
    """
    if name is None:
        if base_url is not None:
            raise InvalidInput("input.invalid", "--base-url without --model", "--model openai:...")
        return None
    from engram.llm import get_llm

    options: dict[str, Any] = {} if base_url is None else {"base_url": base_url}
    return get_llm(name, **options)


def _show_below(answer: Answer) -> None:
    """Show what stands behind an answer."""
    if answer.citations:
        print_line("")
    for citation in answer.citations:
        print_line(str(citation))
    cited = {one.number for one in answer.citations}
    for source in answer.sources:
        if source.number not in cited:
            print_line(f"{source} (not cited)")
    for sentence in answer.unsupported:
        typer.echo(f"unsupported: {sentence.text}", err=True)
    for number in answer.unknown:
        typer.echo(f"unknown: [{number}] stands for nothing", err=True)
