"""Embedders: what turns text, images and series into vectors.

Owns: `Static`, the built-in model that works offline right after install; the models that run here
on ONNX Runtime (`Dense` and its siblings, and `TokenClassifier` and `Seq2Seq`, which read texts
without embedding them); and `Identity`, which is stored with every vector space
so that vectors of different models never mix. Write your own embedder by giving it an ``identity``
and an ``encode_batch`` (`engram.Embedder`). Importing this loads none of them.
"""

from __future__ import annotations

from engram.embed.identity import Identity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from engram.embed.building import build_graph
    from engram.embed.clip import ClipModel
    from engram.embed.dense import Dense
    from engram.embed.hashing import Hash
    from engram.embed.images import pdf_page, pdf_page_count
    from engram.embed.late_interaction import QuantizedTokens, max_sim, quantize
    from engram.embed.local.session import devices
    from engram.embed.multi_vector import MultiVector
    from engram.embed.registry import get_embedder
    from engram.embed.seq2seq import Seq2Seq
    from engram.embed.sparse import Sparse
    from engram.embed.static import Static
    from engram.embed.store import InstalledModel, ModelStore
    from engram.embed.time_series import TimeSeries
    from engram.embed.token_classifier import LabeledSpan, TokenClassifier
    from engram.embed.torch_model import Torch
    from engram.embed.vision import Vision

__all__ = [
    "ClipModel",
    "Dense",
    "Hash",
    "Identity",
    "InstalledModel",
    "LabeledSpan",
    "ModelStore",
    "MultiVector",
    "QuantizedTokens",
    "Seq2Seq",
    "Sparse",
    "Static",
    "TimeSeries",
    "TokenClassifier",
    "Torch",
    "Vision",
    "build_graph",
    "default",
    "devices",
    "get_embedder",
    "max_sim",
    "pdf_page",
    "pdf_page_count",
    "quantize",
]

_HOMES = {
    "ClipModel": "clip",
    "Dense": "dense",
    "Hash": "hashing",
    "InstalledModel": "store",
    "LabeledSpan": "token_classifier",
    "ModelStore": "store",
    "MultiVector": "multi_vector",
    "QuantizedTokens": "late_interaction",
    "Seq2Seq": "seq2seq",
    "Sparse": "sparse",
    "Static": "static",
    "TimeSeries": "time_series",
    "TokenClassifier": "token_classifier",
    "Torch": "torch_model",
    "Vision": "vision",
    "build_graph": "building",
    "devices": "local.session",
    "get_embedder": "registry",
    "max_sim": "late_interaction",
    "pdf_page": "images",
    "pdf_page_count": "images",
    "quantize": "late_interaction",
}
"""Where the names that load when they are asked for live."""


def default() -> Static:
    """Give the built-in embedder, loaded once per process.

    Raises:
        Io: ``file.not_found`` where the installation lacks its data file.
    """
    from engram.embed.static import builtin

    return builtin()


def __getattr__(name: str) -> object:
    """Load a model's class when it is asked for."""
    if name not in _HOMES:
        raise AttributeError(name)
    from importlib import import_module

    return getattr(import_module(f"engram.embed.{_HOMES[name]}"), name)
