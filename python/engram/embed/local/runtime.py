"""ONNX Runtime, loaded so that it keeps to itself.

Owns: `onnx_runtime`. From version 1.29 on the published packages report what they run to their
maker, under an identifier that they leave on the disk, unless a variable of the environment says
otherwise when they are loaded. It is set for that moment and put back: other packages may mean
something by it. Limits: a program that loaded the library before has decided for itself.
"""

from __future__ import annotations

import os
import sys
from threading import Lock
from typing import Any

from engram.errors import _missing_extra

__all__ = ["onnx_runtime"]

_NO_REPORTS = "ORT_DISABLE_TELEMETRY"
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
        before = os.environ.get(_NO_REPORTS)
        os.environ[_NO_REPORTS] = "1"
        try:
            import onnxruntime
        except ImportError as cause:
            raise _missing_extra("onnxruntime", "onnx", "a local model") from cause
        finally:
            if before is None:
                del os.environ[_NO_REPORTS]
            else:
                os.environ[_NO_REPORTS] = before
    return onnxruntime
