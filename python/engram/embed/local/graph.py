"""A graph that runs, whatever runs it.

Owns: `Graph`, what models ask of it, and `opened`, the choice between the runtimes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from engram.embed.local.openvino import OpenVinoSession
from engram.embed.local.session import Session
from engram.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

__all__ = ["BACKENDS", "Graph", "opened"]

BACKENDS = ("onnx", "openvino")
"""ONNX Runtime, and OpenVINO."""


class Graph(Protocol):
    """What models ask of a loaded graph."""

    path: Path
    device: str
    threads: int
    precision: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    alone: bool

    def shape(self, name: str) -> list[int | str | None]:
        """Give the declared shape of an input; names or None where it is open."""

    def run(self, feeds: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[np.float32]]:
        """Run it on those of the arrays that it takes."""


def opened(
    path: Path, backend: str, precision: str | None, device: str, threads: int | None
) -> Graph:
    """Load a graph.

    Raises:
        InvalidInput: ``input.invalid`` for a back end or a precision that there is not, or that
            the back end does not have; ``model.invalid`` where it does not take the file.
        MissingExtra: ``extra.missing`` without the back end's package.
    """
    if backend == "openvino":
        return OpenVinoSession(path, device, threads, precision)
    if backend != "onnx":
        hint = f"one of: {', '.join(BACKENDS)}"
        if backend == "torch":
            hint = 'engram.embed.Torch(folder), or get_embedder(folder, backend="torch")'
        raise InvalidInput("input.invalid", f"backend {backend!r} runs no graphs", hint)
    if precision is not None:
        raise InvalidInput(
            "input.invalid",
            f"precision {precision!r} with ONNX Runtime, where the file decides about it",
            'file="onnx/model_quantized.onnx", build_graph(..., precision="int8"), or '
            'backend="openvino"',
        )
    return Session(path, device, threads)
