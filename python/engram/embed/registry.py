"""From a name to an embedder.

Owns: `get_embedder`, and what a folder's files make. Nothing is fetched: a model that is known but
not here is an error that names the command which installs it. Names with a provider
(``openai:...``) go to `engram.embed.remote`, which is imported by the first of them.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engram.embed import default
from engram.embed.dense import Dense
from engram.embed.finding import BUILT_IN, HASH, found, full_name
from engram.embed.hashing import Hash
from engram.embed.multi_vector import MultiVector
from engram.embed.sparse import Sparse
from engram.embed.time_series import TimeSeries
from engram.embed.torch_model import Torch
from engram.embed.vision import Vision
from engram.errors import InvalidInput

if TYPE_CHECKING:
    import os

    from engram.embed.local.folder import ModelFolder
    from engram.embed.store import ModelStore

__all__ = ["get_embedder", "kind_of", "loaded", "provider_of"]

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


def get_embedder(  # noqa: PLR0913 - one setting each
    source: str | os.PathLike[str],
    *,
    dim: int | None = None,
    device: str = "auto",
    threads: int | None = None,
    backend: str = "onnx",
    precision: str | None = None,
    store: ModelStore | None = None,
) -> Any:
    """Give the embedder of a name, a folder or a provider.

    Args:
        source: ``"default"`` for the built-in model; the name of an installed model
            (``"all-MiniLM-L6-v2"``, or short ``"minilm"``, ``"bge-small"``, ``"nomic"``); a
            folder; ``"provider:model"``, such as ``"openai:text-embedding-3-small"`` (or short
            ``"openai-small"``); or ``"hash"``, which needs no model, for tests.
        dim: Length of the vectors, for models that may be cut.
        device: Where a local model runs.
        threads: Threads that a local model uses.
        backend: What runs a local model: ``"onnx"``, ``"openvino"``, or ``"torch"`` for folders
            that have no ONNX file.
        precision: What OpenVINO computes in; see `Dense`.
        store: Where models are installed; the user's own store, unless given.

    Returns:
        `Static`, `Hash`, `Dense`, `Torch`, `MultiVector`, `Sparse`, `Vision`, `TimeSeries`, or the
        provider's embedder, as the model's files say.

    Raises:
        NotFound: ``model.not_found`` naming the nearest known names, or the command that installs.
        InvalidInput: ``model.invalid``, ``input.invalid``, ``input.dimension``.
        MissingExtra: ``extra.missing``.
    """
    local = {"device": device, "threads": threads, "backend": backend, "precision": precision}
    source = full_name(source)
    if isinstance(source, str) and source in BUILT_IN:
        _without(local | {"dim": dim if dim != default().dimension else None}, "the built-in model")
        return default()
    if source == HASH:
        _without(local, "the embedder by hashes")
        return Hash() if dim is None else Hash(dim)
    provider = provider_of(source)
    if provider is not None:
        _without(local, provider)
        options = {} if dim is None else {"dimensions": dim}
        return import_module("engram.embed.remote").get_remote(source, **options)
    folder = found(source, store=store)
    return loaded(folder, dim=dim, **local)


_UNSET = {"device": {"auto", "cpu"}, "backend": {"onnx"}}
"""What settings of local models ask for nothing, beside None."""


def _without(settings: dict[str, Any], what: str) -> None:
    """Refuse settings that mean nothing for an embedder."""
    wrong = [
        name
        for name, value in settings.items()
        if value is not None and value not in _UNSET.get(name, ())
    ]
    if wrong:
        raise InvalidInput("input.invalid", f"{what} has no {', '.join(wrong)} of its own")


def loaded(folder: ModelFolder, **settings: Any) -> Any:
    """Load the embedder that a folder's files make; settings as of `get_embedder`."""
    kind = kind_of(folder)
    if kind in _OTHERS:
        what, remedy = _OTHERS[kind]
        raise folder.unfit(f"is a {what}, which embeds nothing", remedy)
    dim = settings.pop("dim", None)
    backend, precision = settings.pop("backend", "onnx"), settings.pop("precision", None)
    named: dict[str, Any] = {"name": folder.name, **settings}
    if kind != "dense" and (dim is not None or backend != "onnx" or precision is not None):
        raise InvalidInput(
            "input.invalid",
            f"dim, backend or precision for model {folder.name}, which is no dense one",
        )
    if kind != "dense":
        return _KINDS[kind](folder.path, **named)
    if backend != "torch":
        return Dense(folder.path, dim=dim, backend=backend, precision=precision, **named)
    threads = named.pop("threads", None)
    if dim is not None or threads is not None or precision is not None:
        raise InvalidInput(
            "input.invalid", "dim, threads or precision with torch", "leave them out"
        )
    return Torch(folder.path, **named)


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


def provider_of(source: str | os.PathLike[str]) -> str | None:
    """Give the provider of ``provider:model``; a letter before a colon is a drive of Windows."""
    if not isinstance(source, str) or Path(source).is_dir():
        return None
    prefix, colon, _ = source.partition(":")
    return prefix if colon and len(prefix) > 1 and prefix.isidentifier() else None
