"""An ONNX graph that runs.

Owns: `Session` and the choice of the device. Invariant: a device that was named runs or is an
error; where the choice was left open, `Session.device` says what it came to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engram.embed.local.runtime import onnx_runtime
from engram.errors import InvalidInput
from engram.processors import processors

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    Arrays = dict[str, NDArray[Any]]

__all__ = ["PROVIDERS", "Session", "devices"]

PROVIDERS = {
    "cuda": "CUDAExecutionProvider",
    "coreml": "CoreMLExecutionProvider",
    "directml": "DmlExecutionProvider",
    "cpu": "CPUExecutionProvider",
}
"""The devices and what ONNX Runtime calls them; ``"auto"`` takes the first that is there."""

_BATCH_SCALED = (b"DynamicQuantizeLinear", b"DynamicQuantizeMatMul", b"DynamicQuantizeLSTM")
_ERRORS_ONLY = 3
_BLOCK_BYTES = 1 << 20


def devices() -> list[str]:
    """List the devices that models can run on here, best first.

    Raises:
        MissingExtra: ``extra.missing`` without ONNX Runtime.
    """
    available = onnx_runtime().get_available_providers()
    return [name for name, provider in PROVIDERS.items() if provider in available]


class Session:
    """One loaded graph.

    Attributes:
        device: Where it runs: ``"cpu"``, ``"cuda"``, ``"coreml"`` or ``"directml"``.
        threads: How many threads of the processor it uses.
        precision: ``"as stored"``: the file decides.
        inputs: The names of what it takes.
        outputs: The names of what it gives.
        alone: Whether each input must run by itself. A graph that measures the range of its
            activations while it runs (dynamic int8) measures it over a whole batch: the same one
            would come out differently beside others.
    """

    __slots__ = (
        "_session",
        "alone",
        "device",
        "inputs",
        "outputs",
        "path",
        "precision",
        "threads",
    )

    def __init__(
        self, path: Path, device: str = "auto", threads: int | None = None, *, aside: bool = True
    ) -> None:
        """Load a graph.

        Args:
            path: The ONNX file.
            device: ``"auto"`` or one of `PROVIDERS`.
            threads: Threads of the processor; all that this process may use, unless given.
            aside: Whether what must run alone runs side by side, a thread each.

        Raises:
            InvalidInput: ``model.invalid`` where ONNX Runtime does not take the file;
                ``input.invalid`` for a device that is not there.
            MissingExtra: ``extra.missing`` without ONNX Runtime.
        """
        runtime = onnx_runtime()
        if threads is not None and (isinstance(threads, bool) or threads < 1):
            raise InvalidInput("input.invalid", f"threads is {threads!r}, below 1")
        self.path = path
        self.precision = "as stored"
        self.threads = threads or processors()
        self.alone = _scales_by_batch(path)
        wanted = _choose(device)
        options = runtime.SessionOptions()
        options.intra_op_num_threads = 1 if self.alone and aside else self.threads
        options.inter_op_num_threads = 1
        options.log_severity_level = _ERRORS_ONLY
        providers = [PROVIDERS[wanted]] + ([PROVIDERS["cpu"]] if wanted != "cpu" else [])
        try:
            self._session = runtime.InferenceSession(str(path), options, providers=providers)
        except Exception as cause:  # the runtime's errors have no common class
            raise InvalidInput(
                "model.invalid",
                f"ONNX Runtime {runtime.__version__} does not take {path.name}: {cause}",
                "get the file again, or export it for this version",
                {"path": str(path)},
            ) from cause
        running = self._session.get_providers()[0]
        self.device = next(name for name, provider in PROVIDERS.items() if provider == running)
        if device not in {"auto", self.device}:
            raise InvalidInput(
                "input.invalid",
                f"device {device!r} is listed by ONNX Runtime, but did not start",
                'check its driver, or use device="cpu"',
            )
        self.inputs = tuple(one.name for one in self._session.get_inputs())
        self.outputs = tuple(one.name for one in self._session.get_outputs())

    def shape(self, name: str) -> list[int | str | None]:
        """Give the declared shape of an input; names or None where it is open."""
        return next(list(one.shape) for one in self._session.get_inputs() if one.name == name)

    def run(self, feeds: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[np.float32]]:
        """Run it on those of the arrays that it takes.

        Returns:
            Its outputs by name, as float32.

        Raises:
            InvalidInput: ``model.invalid`` where it takes something that is not there, or fails.
        """
        import numpy as np

        missing = [name for name in self.inputs if name not in feeds]
        if missing:
            raise InvalidInput(
                "model.invalid",
                f"the graph {self.path.name} takes {', '.join(missing)}, which this kind of model"
                f" does not have (it has {', '.join(feeds)})",
                "export it without a cache, or load it as the kind of model that it is",
            )
        try:
            found = self._session.run(None, {name: feeds[name] for name in self.inputs})
        except Exception as cause:  # as above
            raise InvalidInput(
                "model.invalid", f"the graph {self.path.name} failed: {cause}", None
            ) from cause
        pairs = zip(self.outputs, found, strict=True)
        return {name: np.asarray(array, dtype=np.float32) for name, array in pairs}


def _choose(device: str) -> str:
    """Turn a device argument into one that is there."""
    if device != "auto" and device not in PROVIDERS:
        raise InvalidInput(
            "input.invalid", f"unknown device {device!r}", f"one of: auto, {', '.join(PROVIDERS)}"
        )
    there = devices()
    if device == "auto":
        return there[0]
    if device not in there:
        raise InvalidInput(
            "input.invalid",
            f"no device {device!r}: this ONNX Runtime has {', '.join(there)}",
            "install the ONNX Runtime package that has it (onnxruntime-gpu, onnxruntime-directml)",
        )
    return device


def _scales_by_batch(path: Path) -> bool:
    """Say whether a graph measures its activations: names of operators stand in the file."""
    rest = max(map(len, _BATCH_SCALED)) - 1
    tail = b""
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            seen = tail + block
            if any(name in seen for name in _BATCH_SCALED):
                return True
            tail = seen[-rest:]
    return False
