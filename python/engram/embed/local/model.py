"""What every model that runs here tells about itself.

Owns: `LocalModel`: name, device, and the identity with its revision from the hash of the weights.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engram.embed.identity import Identity

if TYPE_CHECKING:
    from engram.embed.local.folder import ModelFolder
    from engram.embed.local.graph import Graph

__all__ = ["LocalModel"]


class LocalModel:
    """A model of a folder, with one graph or more."""

    __slots__ = ("_folder", "_identity", "_sessions")

    def __init__(self, folder: ModelFolder, *sessions: Graph) -> None:
        self._folder = folder
        self._sessions = sessions
        self._identity: Identity | None = None

    def _settings(self) -> dict[str, Any]:
        """Name every setting that changes vectors, beside files; JSON-able."""
        raise NotImplementedError

    def _unit_length(self) -> bool:
        """Say whether vectors have unit length."""
        return True

    @property
    def dimension(self) -> int:
        """Length of its vectors."""
        raise NotImplementedError

    @property
    def identity(self) -> Identity:
        """Name, revision, dimension and normalization.

        The revision is the start of the weights' SHA-256, and of that of every setting that changes
        vectors.
        """
        if self._identity is None:
            graphs = [session.path for session in self._sessions]
            settings = {"kind": type(self).__name__, **self._settings()}
            revision = self._folder.revision(graphs, settings)
            self._identity = Identity(self.model, revision, self.dimension, self._unit_length())
        return self._identity

    @property
    def model(self) -> str:
        """The model's name."""
        return self._folder.name

    @property
    def device(self) -> str:
        """Where it runs: ``"cpu"``, ``"cuda"``, ``"coreml"`` or ``"directml"``."""
        return self._sessions[0].device

    def _facts(self) -> list[str]:
        """Give what `repr` shows beside model, dimension and device."""
        return [f"threads={self._sessions[0].threads}"]

    def __repr__(self) -> str:
        """Show model, dimension, device and limits."""
        facts = [f"model={self.model!r}", f"dimension={self.dimension}", f"device={self.device!r}"]
        return f"{type(self).__name__}({', '.join(facts + self._facts())})"
