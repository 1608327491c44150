"""Images as vectors: what embeds them, and what a search among them looks for.

Owns: the space that images are in, and which model made it. Invariant: images and texts are
compared only by the model that embedded the images.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engram.embed.identity import Identity
from engram.errors import EngramError, InvalidInput

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from engram.embed.vision import Vision
    from engram.memory.base import Base

__all__ = ["IMAGE", "IMAGE_SPACE", "has_images", "image_query", "vision_of"]

IMAGE = "image"
"""The kind of document that a search among images asks for."""
IMAGE_SPACE = "image"


def vision_of(memory: Base) -> Vision:
    """Give what embeds a memory's images: the one it was opened with, else the one that made them.

    Raises:
        InvalidInput: ``embedder.missing`` where there is none; ``embedder.mismatch`` where it is
            another one than made the images that are there; ``input.invalid`` for a model that
            makes several vectors of an image.
        EngramError: As `engram.embed.Vision`.
    """
    stored = _stored(memory)
    chosen = memory._vision
    if chosen is None:
        if stored is None:
            raise InvalidInput(
                "embedder.missing",
                f"nothing embeds the images of {memory.name!r}",
                'Memory.open(path, vision="clip-vit-base-patch32"), or engram.embed.Vision(folder)',
            )
        chosen = _by_identity(memory, stored)
    if isinstance(chosen, str):
        from engram.embed.vision import Vision

        chosen = Vision(chosen)
    memory._vision = chosen
    if getattr(chosen, "kind", "dense") != "dense":
        raise InvalidInput(
            "input.invalid",
            f"{chosen.identity.name} makes several vectors of an image",
            "keep its vectors in a collection with Space(kind='multi'); a memory takes CLIP models",
        )
    if stored is not None and stored != chosen.identity:
        raise InvalidInput(
            "embedder.mismatch",
            f"the images of {memory.name!r} were embedded by {stored.name} ({stored.revision}),"
            f" and {chosen.identity.name} ({chosen.identity.revision}) makes other vectors",
            "open the memory with the model that made them",
        )
    return chosen


def image_query(memory: Base, query: str | None, image: Any) -> NDArray[np.float32]:
    """Embed what images are to be like: a text, or an image.

    Raises:
        InvalidInput: ``input.invalid`` where it is both, ``query.empty`` where it is neither; as
            `vision_of`.
    """
    if query and image is not None:
        raise InvalidInput(
            "input.invalid", "query and image are two things to look for", "search twice"
        )
    vision = vision_of(memory)
    if image is not None:
        return vision.encode(image)
    if not query or not query.strip():
        raise InvalidInput("query.empty", "nothing to look for", "a text, or image=")
    return vision.encode_query(query)


def has_images(memory: Base, as_of: Any) -> bool:
    """Say whether there is any image, now or then."""
    spaces = memory._at(memory.layout.passages, as_of).spaces()
    return any(space.name == IMAGE_SPACE and space.records for space in spaces)


def _stored(memory: Base) -> Identity | None:
    """Say who embedded the images that are there."""
    for space in memory._passages.spaces():
        if space.name == IMAGE_SPACE and space.records and space.identity is not None:
            return Identity.from_json(space.identity)
    return None


def _by_identity(memory: Base, identity: Identity) -> Vision:
    """Find the model that made the images among those that are installed."""
    from engram.embed.vision import Vision

    try:
        return Vision(identity.name)
    except EngramError as error:
        raise InvalidInput(
            "embedder.missing",
            f"the images of {memory.name!r} were embedded by {identity.name}"
            f" ({identity.revision}), which cannot be had here: {error}",
            "Memory.open(path, vision=folder)",
            {"identity": identity.to_json()},
        ) from error
