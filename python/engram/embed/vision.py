"""Image embedders: one vector for an image (CLIP), or one for each part of a page (ColPali).

Owns: `Vision`, for both, with texts in the same space as queries.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engram.checks import proper_str
from engram.embed.finding import found
from engram.embed.images import Pixels
from engram.embed.late_interaction import max_sim
from engram.embed.local.model import LocalModel
from engram.embed.local.pooling import unit
from engram.embed.local.session import Session
from engram.embed.local.tokens import Tokens, declared_length
from engram.errors import InvalidInput

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Sequence
    from typing import Literal

    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

__all__ = ["Vision"]

_TEXT = ("textual/model", "text_model", "textual_model", "text/model")
_IMAGE = ("visual/model", "vision_model", "visual_model", "vision/model")
_FILL = 10
"""Padding tokens after a query that ColPali lets the model write on (its query augmentation)."""

_UNBOUND = 1_000_000
_BATCH = 8


class Vision(LocalModel):
    """A model that puts images and texts into one space, on ONNX Runtime.

    A folder with a graph for texts and one for images (CLIP) makes one vector of each; a folder
    with one graph for both (ColPali, Faysse et al., 2024) makes one vector for each part of a page,
    compared by MaxSim.

    Args:
        source: The model's folder, or the name of an installed one.
        name: What to call the model; the folder's name, unless given.
        device: ``"cpu"``, ``"cuda"``, ``"coreml"``, ``"directml"``, or ``"auto"`` for the best
            that is there.
        threads: Threads of the processor; all that the process may use, unless given.

    Attributes:
        kind: ``"dense"`` or ``"multi"``: the kind of space that keeps its vectors.

    Raises:
        Io, NotFound, InvalidInput, MissingExtra: As `Dense`; images need ``engram[vision]``.

    Example:
        >>> model = engram.embed.Vision("models/clip-vit-base-patch32")  # doctest: +SKIP
        >>> model.similarity("a red house", "house.jpg")  # doctest: +SKIP
        0.31
    """

    __slots__ = ("_dimension", "_image", "_pixels", "_prompts", "_rows", "_text", "_tokens", "kind")

    kind: Literal["dense", "multi"]

    def __init__(
        self,
        source: str | os.PathLike[str],
        *,
        name: str | None = None,
        device: str = "auto",
        threads: int | None = None,
    ) -> None:
        """Load the model; the text side runs once on a word, which also tells its dimension."""
        folder = found(source, name)
        self._pixels = Pixels(folder)
        two = any(folder.has(f"{place}{stem}.onnx") for stem in _TEXT for place in ("", "onnx/"))
        self.kind = "dense" if two else "multi"
        stems = (_TEXT, _IMAGE) if two else (("model",),)
        paths = [folder.graph(None, *one) for one in stems]
        sessions = [Session(path, device, threads, aside=False) for path in paths]
        self._text, self._image = sessions[0], sessions[-1]
        super().__init__(folder, *sessions)
        self._tokens = Tokens(folder, declared_length(folder, None) if two else _UNBOUND)
        self._rows = 0
        self._prompts = ("", "")
        if not two:
            self._rows = int(self._pixels.rows or 0)
            if not self._rows:
                raise folder.unfit("its settings do not say how many parts an image has")
            settings = folder.json("processor_config.json")
            self._prompts = (
                settings.get("query_prefix", "Question: "),
                settings.get("visual_prompt_prefix", "Describe the image."),
            )
        self._dimension = int(self.encode_query("a").shape[-1])

    def _settings(self) -> dict[str, Any]:
        pixels = {name: getattr(self._pixels, name) for name in self._pixels.__slots__}
        return {"prompts": self._prompts, "pixels": pixels, "length": self._tokens.max_length}

    @property
    def dimension(self) -> int:
        """Length of each vector."""
        return self._dimension

    def encode(self, image: Any) -> Floats:
        """Embed one image.

        Args:
            image: A path, the bytes of an image file, or a PIL image, such as
                `engram.embed.pdf_page` gives.

        Returns:
            float32 ``(dimension,)`` (CLIP) or ``(parts, dimension)`` (ColPali), of unit length.
        """
        row: Floats = self.encode_batch([image])[0]
        return row

    def encode_batch(
        self, images: Sequence[Any], progress: Callable[[int], None] | None = None
    ) -> Floats:
        """Embed images, some at a time.

        Args:
            images: The images, as `encode` takes them.
            progress: Called now and then with the number of images done so far.

        Returns:
            float32 ``(n, dimension)`` (CLIP) or ``(n, parts, dimension)`` (ColPali).
        """
        import numpy as np

        if isinstance(images, (str, bytes)):
            raise InvalidInput(
                "input.invalid", "encode_batch takes a sequence of images, not one", "encode()"
            )
        done: list[Floats] = []
        size = 1 if self._image.alone else _BATCH
        for start in range(0, len(images), size):
            some = images[start : start + size]
            done.append(self._images([self._pixels.of(one) for one in some]))
            if progress is not None:
                progress(start + len(some))
        if not done:
            shape = (0, self._dimension) if self.kind == "dense" else (0, 0, self._dimension)
            return np.zeros(shape, dtype=np.float32)
        return np.concatenate(done)

    def encode_query(self, text: str) -> Floats:
        """Embed one text: float32 ``(dimension,)`` (CLIP) or ``(tokens, dimension)`` (ColPali)."""
        import numpy as np

        proper_str(text, "a text")
        if self.kind == "multi":
            pads = "<pad>" * _FILL
            ids = self._tokens.ids([f"<bos>{self._prompts[0]}{text}{pads}\n"])
            feeds: dict[str, Any] = dict(self._tokens.feeds(ids))
            feeds["pixel_values"] = np.zeros((1, *self._pixels.shape), dtype=np.float32)
        else:
            width = self._text.shape("input_ids")[1]
            fixed = width if isinstance(width, int) else 0
            feeds = dict(self._tokens.feeds(self._tokens.ids([text]), width=fixed))
        row: Floats = self._vectors(self._text.run(feeds), "text_embeds")[0]
        return row

    def encode_document(self, image: Any) -> Floats:
        """Embed one image; the same as `encode`."""
        return self.encode(image)

    def similarity(self, text: str | Floats, image: Any) -> float:
        """Score an image for a text: cosine (CLIP) or `max_sim` (ColPali).

        Args:
            text: A text, or what `encode_query` gave.
            image: An image, or what `encode` gave.
        """
        one = self.encode_query(text) if isinstance(text, str) else text
        other: Any = image if hasattr(image, "dtype") else self.encode(image)
        return float(one @ other) if self.kind == "dense" else max_sim(one, other)

    def _images(self, pixels: list[Floats]) -> Floats:
        import numpy as np

        feeds: dict[str, Any] = {"pixel_values": np.stack(pixels)}
        if self.kind == "multi":
            page = f"{'<image>' * self._rows}<bos>{self._prompts[1]}\n"
            feeds.update(self._tokens.feeds(self._tokens.ids([page] * len(pixels))))
        return self._vectors(self._image.run(feeds), "image_embeds")

    def _vectors(self, outputs: dict[str, Floats], name: str) -> Floats:
        """Pick the embeddings among the outputs, at unit length."""
        found = outputs.get(name)
        wanted = 2 if self.kind == "dense" else 3
        if found is None:
            found = next((one for one in outputs.values() if one.ndim == wanted), None)
        if found is None or found.ndim != wanted:
            raise self._folder.unfit(f"its graph gives {', '.join(outputs)}, no {name}")
        return unit(found)

    def _facts(self) -> list[str]:
        return [*super()._facts(), f"kind={self.kind!r}"]
