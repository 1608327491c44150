"""CLIP under the names that memvid-sdk has for it.

Owns: `ClipModel`, thin over `Vision`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engram.embed.vision import Vision
from engram.errors import InvalidInput

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

__all__ = ["ClipModel"]


class ClipModel:
    """A CLIP model: one vector for an image or a text, in one space, of unit length.

    Args:
        source: The model's folder, or the name of an installed one.
        device: Where it runs, as in `Vision`.

    Raises:
        InvalidInput: ``model.invalid`` where the model is no CLIP.
        EngramError: As `Vision`.
    """

    __slots__ = ("vision",)

    def __init__(self, source: str | os.PathLike[str], *, device: str = "auto") -> None:
        """Load the model."""
        self.vision = Vision(source, device=device)
        if self.vision.kind != "dense":
            raise InvalidInput(
                "model.invalid",
                f"{self.vision.identity.name} makes several vectors of an image, and is no CLIP",
                "engram.embed.Vision runs it",
            )

    @property
    def dims(self) -> int:
        """Length of each vector."""
        return self.vision.dimension

    def embed_image(self, image: Any) -> NDArray[np.float32]:
        """Embed an image: float32 ``(dims,)``; a path, bytes, or a PIL image."""
        return self.vision.encode(image)

    def embed_images(self, images: Sequence[Any]) -> NDArray[np.float32]:
        """Embed images: float32 ``(n, dims)``."""
        return self.vision.encode_batch(images)

    def embed_text(self, text: str) -> NDArray[np.float32]:
        """Embed a text: float32 ``(dims,)``."""
        return self.vision.encode_query(text)

    def __repr__(self) -> str:
        """Show the model."""
        return f"ClipModel({self.vision.identity.name!r}, dims={self.dims})"
