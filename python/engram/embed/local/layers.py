"""What a sentence-transformers model does after its graph.

Owns: the linear layers (``2_Dense``) that `modules.json` lists, and whether vectors end up with
unit length. A module that is not known is an error.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from engram.errors import _missing_extra

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from engram.embed.local.folder import ModelFolder

    Floats = NDArray[np.float32]

__all__ = ["Linear", "further_layers", "tensors"]

_GRAPH = {"Transformer", "Pooling", "WordEmbeddings", "MLMTransformer"}
_ACTIVATIONS = ("Identity", "Tanh", "ReLU", "Sigmoid")


def further_layers(folder: ModelFolder, *known: str) -> tuple[list[Linear], bool]:
    """Read the layers after pooling, and whether the last of them makes unit vectors.

    Args:
        folder: The model.
        known: Kinds of modules that the caller takes care of.

    Raises:
        InvalidInput: ``model.invalid`` for a kind of module that is not known.
    """
    layers: list[Linear] = []
    unit_length = False
    for module in folder.modules():
        kind = str(module.get("type", "")).rpartition(".")[2]
        if kind == "Dense":
            layers.append(Linear(folder, str(module["path"])))
        elif kind not in {*_GRAPH, *known, "Normalize"}:
            raise folder.unfit(f"modules.json lists {kind}, which is not known")
        unit_length = kind == "Normalize"
    return layers, unit_length


class Linear:
    """One linear layer with its activation.

    Attributes:
        digest: SHA-256 of its weights, in hexadecimal digits.
    """

    __slots__ = ("_activation", "_bias", "_weight", "digest")

    def __init__(self, folder: ModelFolder, place: str) -> None:
        """Read ``config.json`` and ``model.safetensors`` of a module's folder."""
        settings = folder.json(f"{place}/config.json")
        name = str(settings.get("activation_function", "Identity")).rpartition(".")[2]
        if name not in _ACTIVATIONS:
            raise folder.unfit(
                f"{place} has the activation {name}, which is not known",
                f"known: {', '.join(_ACTIVATIONS)}",
            )
        self._activation = name
        path = folder.file(f"{place}/model.safetensors")
        found = tensors(path)
        self._weight: Floats = found["linear.weight"].T
        self._bias: Floats | None = found.get("linear.bias")
        self.digest = hashlib.sha256(path.read_bytes()).hexdigest()

    def __call__(self, vectors: Floats) -> Floats:
        """Apply it along the last axis."""
        import numpy as np

        out: Any = vectors @ self._weight
        if self._bias is not None:
            out = out + self._bias
        if self._activation == "Tanh":
            return np.asarray(np.tanh(out), dtype=np.float32)
        if self._activation == "ReLU":
            return np.asarray(np.maximum(out, 0), dtype=np.float32)
        if self._activation == "Sigmoid":
            return np.asarray(1 / (1 + np.exp(-out)), dtype=np.float32)
        return np.asarray(out, dtype=np.float32)


def tensors(path: Path) -> dict[str, Floats]:
    """Read the arrays of a safetensors file as float32.

    Raises:
        MissingExtra: ``extra.missing`` without the package safetensors.
    """
    import numpy as np

    try:
        from safetensors.numpy import load_file
    except ImportError as cause:
        raise _missing_extra("safetensors", "onnx", "weights in safetensors") from cause
    return {name: np.asarray(a, dtype=np.float32) for name, a in load_file(str(path)).items()}
