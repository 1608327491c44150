"""Images and texts in one space, as memvid-sdk has them.

Owns: `ClipModel`, `LocalClip` and `get_clip_provider`, over `engram.embed.Vision`. Models run
here; providers that describe an image in words and embed those are left out, since their vectors
are of the words.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engram.compat.memvid.errors import ClipIndexDisabledError, mapped

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

__all__ = ["ClipModel", "LocalClip", "get_clip_provider"]


class ClipModel:
    """A CLIP model: an installed one by name, or a folder."""

    def __init__(self, model: str | os.PathLike[str] = "clip-vit-base-patch32") -> None:
        """Load it; nothing is fetched.

        Raises:
            MemvidError: MV016 where it is not there.
        """
        from engram.embed import Vision

        with mapped(ClipIndexDisabledError):
            self._vision = Vision(model)

    @property
    def dims(self) -> int:
        """Length of its vectors."""
        return int(self._vision.dimension)

    def embed_image(self, image_path: str | os.PathLike[str]) -> list[float]:
        """Embed an image file.

        Raises:
            MemvidError: MV013 where there is no such file.
        """
        with mapped():
            vector: list[float] = self._vision.encode(image_path).tolist()
            return vector

    def embed_images(self, image_paths: Sequence[str | os.PathLike[str]]) -> list[list[float]]:
        """Embed several image files."""
        with mapped():
            return [vector.tolist() for vector in self._vision.encode_batch(list(image_paths))]

    def embed_text(self, text: str) -> list[float]:
        """Embed a text, to be compared with images."""
        with mapped():
            vector: list[float] = self._vision.encode_query(text).tolist()
            return vector


class LocalClip(ClipModel):
    """The same under the name of the provider."""

    @property
    def name(self) -> str:
        """What it is."""
        return f"local:{self._vision.model}"

    @property
    def dimension(self) -> int:
        """Length of its vectors."""
        return self.dims


def get_clip_provider(provider: str = "local", model: str | None = None) -> LocalClip:
    """Make a provider by name; ``"local"`` is the one there is.

    Raises:
        ValueError: For another name.
        MemvidError: MV016 where the model is not there.
    """
    if provider != "local":
        raise ValueError(f"no provider {provider!r}; there is: local")
    return LocalClip() if model is None else LocalClip(model)
