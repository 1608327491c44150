"""The models of one user, and how they come from the hub.

Owns: `ModelStore`. Invariants: a model appears whole or not at all; each of its files is known by
its SHA-256, pinned by the hub or by the caller before it is fetched, recorded otherwise; what was
fetched is not fetched again. Nothing is fetched but by `ModelStore.install`.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engram.embed.local.folder import sha256_of
from engram.embed.locking import one_at_a_time
from engram.errors import Corrupt, InvalidInput, NotFound
from engram.records import Frozen, _set

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Progress = Callable[[str, int, int], None]

__all__ = ["InstalledModel", "ModelStore"]

_MANIFEST = "engram-model.json"
_VARIABLE = "ENGRAM_MODELS"


class InstalledModel(Frozen):
    """One installed model. Frozen.

    Attributes:
        name: What it is called.
        path: Its folder.
        source: Where it came from.
        revision: Which commit of it.
        files: SHA-256 of each file, by its place in the folder.
        nbytes: Bytes of all of them.
    """

    __slots__ = ("files", "name", "nbytes", "path", "revision", "source")

    name: str
    path: Path
    source: str
    revision: str
    files: Mapping[str, str]
    nbytes: int

    def __init__(self, path: Path, manifest: Mapping[str, Any]) -> None:
        """Read a manifest."""
        _set(self, "name", manifest["name"])
        _set(self, "path", path)
        _set(self, "source", manifest["source"])
        _set(self, "revision", manifest["revision"])
        _set(self, "files", dict(manifest["files"]))
        _set(self, "nbytes", int(manifest["bytes"]))

    def to_dict(self) -> dict[str, Any]:
        """Give it as JSON-able data."""
        return {name: getattr(self, name) for name in self.__slots__} | {"path": str(self.path)}

    def __repr__(self) -> str:
        """Show name, revision and size."""
        return f"InstalledModel({self.name!r}, revision={self.revision!r}, nbytes={self.nbytes})"


class ModelStore:
    """Installed models, a folder each.

    Args:
        path: The folder that holds them; unless given, what the variable ``ENGRAM_MODELS`` names,
            or the place where the system keeps data of its user.
        hub: The address of the hub.

    Attributes:
        path: As given.
        hub: As given.
    """

    def __init__(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        hub: str = "https://huggingface.co",
    ) -> None:
        """Keep the settings; nothing is made or read."""
        self.path = default_path() if path is None else Path(path)
        self.hub = hub.rstrip("/")

    def path_of(self, name: str) -> Path | None:
        """Give the folder of an installed model; None where it is not installed."""
        if not _NAME.fullmatch(name):
            return None
        path = self.path / _folder_name(name)
        return path if (path / _MANIFEST).is_file() else None

    def list_models(self) -> list[InstalledModel]:
        """List what is installed, by name."""
        found = sorted(self.path.glob(f"*/{_MANIFEST}")) if self.path.is_dir() else []
        return [_installed(path.parent) for path in found]

    def install(
        self,
        name: str,
        *,
        revision: str = "main",
        file: str | None = None,
        sha256: Mapping[str, str] | None = None,
        replace: bool = False,
        progress: Progress | None = None,
    ) -> InstalledModel:
        """Fetch a model from the hub.

        A fetch that was cut off goes on where it ended. Of two who fetch the same model at once, in
        threads or processes, the second waits, and takes what the first fetched. Of several graphs
        the whole one in float32 is taken, unless `file` names another.

        Args:
            name: A known model, or a repository of the hub (``"owner/model"``).
            revision: A branch, tag or commit. What it is now is looked up and recorded.
            file: The graph to take.
            sha256: What files must be, by place; beyond what the hub itself says.
            replace: Whether to fetch it again where it is installed.
            progress: Called with a file, its bytes so far, and its bytes in all.

        Raises:
            NotFound: ``model.not_found`` for an unknown name, or one that the hub does not have.
            InvalidInput: ``model.invalid`` where the repository has no graph to run.
            Corrupt: ``model.corrupt`` where a file is not what it should be; it is not kept.
            Io: ``io.failed`` where the hub cannot be reached, or the disk refuses.
        """
        repo, called = self._repo(name)
        have = self.path_of(called)
        if have is not None and not replace:
            return _installed(have)
        from engram.embed.hub import Hub

        hub = Hub(self.hub)
        commit, listed = hub.listing(repo, revision)
        wanted = chosen_files(repo, listed, file)
        pins = {place: listed[place] for place in wanted if listed[place]} | dict(sha256 or {})
        missing = sorted(set(pins) - set(wanted))
        if missing:
            raise InvalidInput("input.invalid", f"sha256 names {missing[0]}, which is not fetched")
        with one_at_a_time(self._lock_of(called)):
            # Who held the lock before may have fetched it.
            after = self.path_of(called)
            if after is not None and (not replace or have is None):
                return _installed(after)
            partial = self.path / f".{_folder_name(called)}-{commit[:16]}.partial"
            partial.mkdir(parents=True, exist_ok=True)
            files = {}
            for place in wanted:
                target = partial / place
                hub.fetch(repo, commit, place, target, pins.get(place), progress)
                files[place] = sha256_of([target])
            manifest = {
                "bytes": sum((partial / place).stat().st_size for place in wanted),
                "files": files,
                "name": called,
                "revision": commit,
                "source": f"{self.hub}/{repo}",
            }
            text = json.dumps(manifest, indent=1, sort_keys=True)
            (partial / _MANIFEST).write_text(text, encoding="utf-8")
            return self._publish(partial, called)

    def _lock_of(self, name: str) -> Path:
        return self.path / f".{_folder_name(name)}.lock"

    def _publish(self, partial: Path, name: str) -> InstalledModel:
        """Put a whole folder under its name; one of that name before goes."""
        final = self.path / _folder_name(name)
        old = self.path / f".{_folder_name(name)}.old"
        shutil.rmtree(old, ignore_errors=True)
        if final.exists():
            final.rename(old)
        partial.rename(final)
        shutil.rmtree(old, ignore_errors=True)
        return _installed(final)

    def _repo(self, name: str) -> tuple[str, str]:
        """Give repository and name of a model."""
        from engram.embed.catalog import known

        entry = known(name)
        if entry is not None:
            return entry.repo, entry.name
        if "/" in name and _NAME.fullmatch(name):
            return name, name
        from engram.embed.finding import unknown

        raise unknown(name, self)

    def remove(self, name: str) -> bool:
        """Delete an installed model; say whether there was one."""
        called = self._called(name)
        if self.path_of(called) is None:
            return False
        with one_at_a_time(self._lock_of(called)):
            return self._removed(called)

    def _removed(self, called: str) -> bool:
        path = self.path_of(called)
        if path is None:
            return False
        # First out of sight, so that a removal that is cut off leaves no half a model.
        gone = path.with_name(f".{path.name}.old")
        shutil.rmtree(gone, ignore_errors=True)
        path.rename(gone)
        shutil.rmtree(gone)
        return True

    def verify(self, name: str) -> InstalledModel:
        """Hash every file of an installed model again.

        Raises:
            NotFound: ``model.not_found`` where it is not installed.
            Corrupt: ``model.corrupt`` naming what changed or is gone.
        """
        path = self.path_of(self._called(name))
        if path is None:
            raise NotFound(
                "model.not_found", f"model {name} is not installed", f"engram models install {name}"
            )
        model = _installed(path)
        wrong = [
            place
            for place, digest in model.files.items()
            if not (path / place).is_file() or sha256_of([path / place]) != digest
        ]
        if wrong:
            raise Corrupt(
                "model.corrupt",
                f"model {model.name}: {', '.join(wrong)} changed since it was installed",
                f"engram models install --replace {name}",
                {"files": ", ".join(wrong)},
            )
        return model

    def _called(self, name: str) -> str:
        from engram.embed.catalog import known

        entry = known(name)
        return name if entry is None else entry.name

    def __repr__(self) -> str:
        """Show the folder."""
        return f"ModelStore({str(self.path)!r})"


def default_path() -> Path:
    """Say where models are kept unless told otherwise."""
    named = os.environ.get(_VARIABLE)
    if named:
        return Path(named)
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        base = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return base / "engram" / "models"


_GRAPHS = ("onnx/model.onnx", "model.onnx", "onnx/model_quantized.onnx", "model_optimized.onnx")
_TOWERS = (
    ("onnx/encoder_model.onnx", "onnx/decoder_model.onnx", "onnx/decoder_with_past_model.onnx"),
    ("encoder_model.onnx", "decoder_model.onnx", "decoder_with_past_model.onnx"),
    ("onnx/encoder_model.onnx", "onnx/decoder_model_merged.onnx"),
    ("encoder_model.onnx", "decoder_model_merged.onnx"),
    ("onnx/encoder_model.onnx", "onnx/decoder_model.onnx"),
    ("encoder_model.onnx", "decoder_model.onnx"),
    ("onnx/text_model.onnx", "onnx/vision_model.onnx"),
    ("textual/model.onnx", "visual/model.onnx"),
)
_SETTINGS = re.compile(
    r"([\w.-]+/)?[\w.-]+\.json|artifact\.metadata|[\w.-]+_\w+/model\.safetensors"
)
_NAME = re.compile(r"(?!\.)[\w.-]+(/[\w.-]+)?")


def chosen_files(repo: str, listed: Mapping[str, str | None], file: str | None) -> list[str]:
    """Choose what to fetch: the graph with its weights, and every file of settings.

    Raises:
        InvalidInput: ``model.invalid`` where there is no graph, or not the one asked for.
    """
    towers: tuple[str, ...] = next((two for two in _TOWERS if set(two) <= set(listed)), ())
    if file is not None:
        graphs: tuple[str, ...] = (file,) if file in listed else ()
    else:
        graphs = towers or tuple(place for place in _GRAPHS if place in listed)[:1]
    if not graphs:
        there = ", ".join(place for place in listed if place.endswith(".onnx")) or "none"
        raise InvalidInput(
            "model.invalid",
            f"{repo} has no graph {file or 'in a usual place'} (its ONNX files: {there})",
            "file=... names one; a model without any has to be exported to ONNX first",
        )
    beside = [place for place in listed if place.startswith(tuple(f"{g}" for g in graphs))]
    settings = [place for place in listed if _SETTINGS.fullmatch(place)]
    return sorted({*beside, *settings})


def _folder_name(name: str) -> str:
    """Make a folder's name of a model's."""
    return name.replace("/", "--")


def _installed(path: Path) -> InstalledModel:
    try:
        manifest = json.loads((path / _MANIFEST).read_text(encoding="utf-8"))
        return InstalledModel(path, manifest)
    except (ValueError, KeyError, TypeError) as cause:
        raise Corrupt(
            "model.corrupt", f"the manifest of the model at {path} is damaged", "install it again"
        ) from cause
