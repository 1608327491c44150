"""From a name to an embedder.

Owns: `get_embedder` and `kind_of`. Nothing is fetched: a model that is known but not here is
an error that names the command which installs it. Names with a provider (``openai:...``) go to
`engram.embed.remote`, which is imported by the first of them.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engram.embed import default
from engram.embed.dense import Dense
from engram.embed.finding import BUILT_IN, found
from engram.embed.multi_vector import MultiVector
from engram.embed.sparse import Sparse
from engram.embed.time_series import TimeSeries
from engram.embed.vision import Vision
from engram.errors import InvalidInput

if TYPE_CHECKING:
    import os

    from engram.embed.local.folder import ModelFolder
    from engram.embed.store import ModelStore

__all__ = ["get_embedder", "kind_of"]

_KINDS: dict[str, Any] = {
    "dense": Dense,
    "multi": MultiVector,
    "sparse": Sparse,
    "vision": Vision,
    "series": TimeSeries,
}

_OTHERS = {
    "cross-encoder": ("cross-encoder", "engram.rerank.CrossEncoder"),
    "tokens": ("token classifier", "engram.embed.TokenClassifier"),
    "seq2seq": ("model that writes texts", "engram.embed.Seq2Seq"),
}
"""What a folder may be beside an embedder: in words, and what runs it."""


def get_embedder(
    source: str | os.PathLike[str],
    *,
    dim: int | None = None,
    device: str = "auto",
    threads: int | None = None,
    store: ModelStore | None = None,
) -> Any:
    """Give the embedder of a name, a folder or a provider.

    Args:
        source: ``"default"`` for the built-in model; the name of an installed model
            (``"all-MiniLM-L6-v2"``); a folder; or ``"provider:model"``, such as
            ``"openai:text-embedding-3-small"``.
        dim: Length of the vectors, for models that may be cut.
        device: Where a local model runs.
        threads: Threads that a local model uses.
        store: Where models are installed; the user's own store, unless given.

    Returns:
        `Static`, `Dense`, `MultiVector`, `Sparse`, `Vision`, `TimeSeries`, or the provider's
        embedder, as the model's files say.

    Raises:
        NotFound: ``model.not_found`` naming the nearest known names, or the command that installs.
        InvalidInput: ``model.invalid``, ``input.invalid``, ``input.dimension``.
        MissingExtra: ``extra.missing``.
    """
    if isinstance(source, str) and source in BUILT_IN:
        if dim not in {None, default().dimension} or device not in {"auto", "cpu"} or threads:
            raise InvalidInput("input.invalid", "the built-in model has no dim, device or threads")
        return default()
    provider = _provider(source)
    if provider is not None:
        if device != "auto" or threads is not None:
            raise InvalidInput("input.invalid", f"{provider} has no device or threads of its own")
        options = {} if dim is None else {"dimensions": dim}
        return import_module("engram.embed.remote").get_remote(source, **options)
    folder = found(source, store=store)
    kind = kind_of(folder)
    if kind in _OTHERS:
        what, remedy = _OTHERS[kind]
        raise folder.unfit(f"is a {what}, which embeds nothing", remedy)
    settings: dict[str, Any] = {"name": folder.name, "device": device, "threads": threads}
    if dim is not None and kind != "dense":
        raise InvalidInput("input.invalid", f"dim for model {folder.name}, which is no dense one")
    if kind == "dense":
        settings["dim"] = dim
    return _KINDS[kind](folder.path, **settings)


def kind_of(folder: ModelFolder) -> str:
    """Say what a folder's files make: the kinds of the catalog.

    Raises:
        InvalidInput: ``model.invalid`` where it is none of them.
    """
    config = folder.json("config.json")
    kinds = [str(one.get("type", "")).rpartition(".")[2] for one in folder.modules()]
    settings = folder.json("config_sentence_transformers.json")
    declared = settings.get("model_type", "")
    names = " ".join(config.get("architectures") or ())
    late = folder.has("artifact.metadata") or "query_length" in settings
    images = folder.has("preprocessor_config.json") or folder.has("processor_config.json")
    writes = bool(config.get("is_encoder_decoder")) and "ForConditionalGeneration" in names
    # The first that holds; what a model is made of says less than what it is made for.
    signs = {
        "series": bool(config.get("chronos_config")),
        "vision": images,
        "sparse": "SpladePooling" in kinds or declared == "SparseEncoder" or "ForMaskedLM" in names,
        "multi": late or declared in {"ColBERT", "MultiVectorEncoder"},
        "cross-encoder": declared == "CrossEncoder" or "ForSequenceClassification" in names,
        "tokens": "ForTokenClassification" in names,
        "seq2seq": writes,
    }
    found = next((kind for kind, holds in signs.items() if holds), None)
    if found is None and not folder.has("tokenizer.json"):
        raise folder.unfit("is no folder of a model: it has no tokenizer.json")
    return found or "dense"


def _provider(source: str | os.PathLike[str]) -> str | None:
    """Give the provider of ``provider:model``; a letter before a colon is a drive of Windows."""
    if not isinstance(source, str) or Path(source).is_dir():
        return None
    prefix, colon, _ = source.partition(":")
    return prefix if colon and len(prefix) > 1 and prefix.isidentifier() else None
