"""ONNX Runtime and OpenVINO, loaded so that they keep to themselves.

Owns: `onnx_runtime` and `openvino_runtime`. From version 1.29 on the published packages of ONNX
Runtime report what they run to their maker, under an identifier that they leave on the disk, unless
a variable of the environment says otherwise when they are loaded. It is set for that moment and put
back: other packages may mean something by it. OpenVINO reports that it was imported through a
package of its own, which it can do without: for that moment it is not to be found. Limits: a
program that loaded either before has decided for itself.
"""

from __future__ import annotations

import os
import sys
from threading import Lock
from typing import Any

from engram.errors import _missing_extra

__all__ = ["onnx_runtime", "openvino_runtime"]

_NO_REPORTS = "ORT_DISABLE_TELEMETRY"
_REPORTER = "openvino_telemetry"
_lock = Lock()


def onnx_runtime() -> Any:
    """Give the module onnxruntime.

    Raises:
        MissingExtra: ``extra.missing`` without it.
    """
    with _lock:
        # Within the lock: another thread may be half way through the import.
        loaded = sys.modules.get("onnxruntime")
        if loaded is not None:
            return loaded
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


def openvino_runtime() -> Any:
    """Give the module openvino.

    Raises:
        MissingExtra: ``extra.missing`` without it.
    """
    with _lock:
        loaded = sys.modules.get("openvino")
        if loaded is not None:
            return loaded
        hidden: dict[str, Any] = {_REPORTER: None}
        before = {name: sys.modules[name] for name in hidden if name in sys.modules}
        sys.modules.update(hidden)
        try:
            import openvino
        except ImportError as cause:
            raise _missing_extra("openvino", "openvino", 'backend="openvino"') from cause
        finally:
            for name in hidden:
                del sys.modules[name]
            sys.modules.update(before)
    return openvino
