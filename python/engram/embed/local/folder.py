"""A model as a folder of files.

Owns: where in the layouts of sentence-transformers and of the hub each file lies, and the hash of
what decides about vectors. Invariant: what a file does not say is an error, never a guess.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engram.errors import InvalidInput, Io

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable

    from engram.embed.catalog import KnownModel

__all__ = ["ModelFolder", "sha256_of"]

_BLOCK_BYTES = 1 << 20


class ModelFolder:
    """The files of one model.

    Attributes:
        path: The folder.
        name: What the model is called: the folder's name, unless given.
        card: What the catalog knows of it, where it is a known model.
    """

    __slots__ = ("_json", "card", "name", "path")

    def __init__(
        self,
        path: str | os.PathLike[str],
        name: str | None = None,
        card: KnownModel | None = None,
    ) -> None:
        """Look at a folder.

        Raises:
            Io: ``file.not_found`` where it is none.
        """
        self.path = Path(path)
        if not self.path.is_dir():
            error = Io("file.not_found", f"no model folder at {self.path}", "check the path")
            error.filename = str(self.path)
            raise error
        self.name = name or self.path.resolve().name
        self.card = card
        self._json: dict[str, Any] = {}

    def json(self, name: str) -> dict[str, Any]:
        """Read a JSON object; an empty one where there is no such file."""
        found = self._read(name)
        return found if isinstance(found, dict) else {}

    def modules(self) -> list[dict[str, Any]]:
        """List the modules of ``modules.json``, as ``{"path", "type"}``; none without it."""
        found = self._read("modules.json")
        return found if isinstance(found, list) else []

    def module(self, kind: str) -> dict[str, Any] | None:
        """Read the settings of the module of that type, for example ``Pooling``."""
        for one in self.modules():
            if str(one.get("type", "")).rpartition(".")[2] == kind:
                return self.json(f"{one['path']}/config.json")
        return None

    def _read(self, name: str) -> Any:
        if name not in self._json:
            path = self._place(name)
            try:
                text = path.read_text(encoding="utf-8") if path.exists() else "null"
                self._json[name] = json.loads(text)
            except ValueError as cause:
                raise self.unfit(f"{name} is no JSON", "get the file again") from cause
        return self._json[name]

    def has(self, name: str) -> bool:
        """Say whether there is a file of that name."""
        return self._place(name).is_file()

    def _place(self, name: str) -> Path:
        """Give the place of a file; a folder from elsewhere may not name one outside itself."""
        path = Path(name)
        if path.is_absolute() or ".." in path.parts:
            raise self.unfit(f"names {name!r}, which is outside its folder")
        return self.path / path

    def file(self, *names: str) -> Path:
        """Give the first of several files that is there.

        Raises:
            InvalidInput: ``model.invalid`` where none is.
        """
        for name in names:
            if self.has(name):
                return self.path / name
        raise self.unfit(
            f"has none of {', '.join(names)}", "a folder as sentence-transformers or the hub has it"
        )

    def graph(self, asked: str | None, *stems: str) -> Path:
        """Find an ONNX file: the one asked for, or the first of some stems in the usual places.

        Raises:
            InvalidInput: ``model.invalid`` where there is none, or several with other names.
        """
        if asked is not None:
            return self.file(asked)
        for name in (f"{folder}{stem}.onnx" for stem in stems for folder in ("", "onnx/")):
            if self.has(name):
                return self.path / name
        found = sorted(str(p.relative_to(self.path)) for p in self.path.rglob("*.onnx"))
        if len(found) == 1:
            return self.path / found[0]
        if found:
            raise self.unfit(f"has several graphs: {', '.join(found)}", "name one: file=...")
        weights = "safetensors" if self.has("model.safetensors") else "weights"
        raise self.unfit(
            f"has no ONNX file ({weights} alone do not run)",
            "export the model to ONNX; engram.embed.build_graph writes the graph of a BERT model; "
            "engram.embed.Torch runs it without one",
        )

    def unfit(self, what: str, hint: str | None = None) -> InvalidInput:
        """Make the error for a folder that is no usable model."""
        return InvalidInput(
            "model.invalid", f"model {self.name}: {what}", hint, {"path": str(self.path)}
        )

    def revision(self, graphs: Iterable[Path], settings: dict[str, Any]) -> str:
        """Name what decides about vectors: 16 digits of the weights' SHA-256, 8 of all the rest.

        Weights that lie beside a graph (``model.onnx_data``) count as its own.
        """
        files = [
            beside for graph in graphs for beside in sorted(graph.parent.glob(f"{graph.name}*"))
        ]
        rest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())
        if self.has("tokenizer.json"):
            rest.update((self.path / "tokenizer.json").read_bytes())
        return f"{sha256_of(files)[:16]}-{rest.hexdigest()[:8]}"


def sha256_of(files: Iterable[Path]) -> str:
    """Hash files, one after the other, as hexadecimal digits."""
    total = hashlib.sha256()
    for path in files:
        with path.open("rb") as file:
            while block := file.read(_BLOCK_BYTES):
                total.update(block)
    return total.hexdigest()
