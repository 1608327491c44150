"""The public surface as text, one line per name. `make golden` writes the golden file."""

import inspect
from pathlib import Path

import engram
import engram.agent
import engram.answer
import engram.compat.embedded_db
import engram.compat.memvid
import engram.compat.memvid.clip
import engram.compat.memvid.embeddings
import engram.compat.memvid.entities
import engram.compat.tessera
import engram.compat.vecstore
import engram.embed
import engram.embed.remote
import engram.enrich
import engram.enrich.functions
import engram.evaluate
import engram.extract
import engram.graph
import engram.importers
import engram.llm
import engram.memory
import engram.rag
import engram.remote
import engram.rerank
import engram.sealing
import engram.sessions
import engram.tables
import engram.testing
import engram.weaver

MODULES = (
    engram,
    engram.agent,
    engram.answer,
    engram.compat.embedded_db,
    engram.compat.memvid,
    engram.compat.memvid.clip,
    engram.compat.memvid.embeddings,
    engram.compat.memvid.entities,
    engram.compat.tessera,
    engram.compat.vecstore,
    engram.embed,
    engram.embed.remote,
    engram.enrich,
    engram.enrich.functions,
    engram.evaluate,
    engram.extract,
    engram.graph,
    engram.importers,
    engram.llm,
    engram.memory,
    engram.rag,
    engram.remote,
    engram.rerank,
    engram.sealing,
    engram.sessions,
    engram.tables,
    engram.testing,
    engram.weaver,
)
"""Every public module."""

GOLDEN = Path(__file__).parent / "golden" / "api.txt"


def lines():
    seen = {}
    for module in MODULES:
        for name in sorted(module.__all__):
            value, path = getattr(module, name), f"{module.__name__}.{name}"
            known = seen.setdefault(value, path) if inspect.isclass(value) else path
            yield from described(path, value) if known == path else [f"{path} is {known}"]


def described(name, value):
    if inspect.isfunction(value):
        yield f"{name}{inspect.signature(value)}"
    elif inspect.isclass(value):
        bases = ", ".join(base.__name__ for base in value.__bases__ if base is not object)
        yield f"class {name}({bases})"
        yield from members(name, value)
    else:
        yield f"{name}: {type(value).__name__}"


def own(kind):
    """Names that a class defines itself, or takes from a base that is not public."""
    hidden = [base for base in kind.__mro__[1:] if base.__module__.startswith("engram")]
    hidden = [base for base in hidden if not hasattr(engram, base.__name__)]
    return sorted({name for one in (kind, *hidden) for name in vars(one)})


def members(name, kind):
    for member in own(kind):
        value = inspect.getattr_static(kind, member)
        if member.startswith("_") and member != "__init__":
            continue
        if isinstance(value, (staticmethod, classmethod)):
            value = value.__func__
        if isinstance(value, property):
            yield f"{name}.{member} -> {value.fget.__annotations__.get('return', '?')}"
        elif inspect.isfunction(value):
            yield f"{name}.{member}{inspect.signature(value)}"
        else:
            yield f"{name}.{member}"


def text():
    return "".join(f"{line}\n" for line in lines())


if __name__ == "__main__":
    GOLDEN.parent.mkdir(exist_ok=True)
    GOLDEN.write_text(text(), encoding="utf-8")
