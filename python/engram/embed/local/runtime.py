"""ONNX Runtime, loaded so that it keeps to itself.

Owns: `onnx_runtime`. From version 1.29 on the published packages report their use to their maker,
under an identifier that they leave on the disk. Nothing here may use the network unasked, and the
only way to say so is a variable of the environment that is read when the library loads: it is set
for that moment, and taken away again. Where the user has set it, or loaded the library before, the
user has decided.
"""

from __future__ import annotations

import os
import sys
from threading import Lock
from typing import Any

from engram.errors import _missing_extra

__all__ = ["onnx_runtime"]

_OPT_OUT = "ORT_DISABLE_TELEMETRY"
_lock = Lock()


def onnx_runtime() -> Any:
    """Give the module onnxruntime.

    Raises:
        MissingExtra: ``extra.missing`` without it.
    """
    loaded = sys.modules.get("onnxruntime")
    if loaded is not None:
        return loaded
    with _lock:
        ours = _OPT_OUT not in os.environ
        if ours:
            os.environ[_OPT_OUT] = "1"
        try:
            import onnxruntime
        except ImportError as cause:
            raise _missing_extra("onnxruntime", "onnx", "a local model") from cause
        finally:
            if ours:
                os.environ.pop(_OPT_OUT, None)
    return onnxruntime
