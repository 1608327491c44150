"""Images to arrays, as a vision model's own settings say.

Owns: what counts as an image (path, bytes, a PIL image, a page of a PDF file), and the steps
between it and the pixels that a graph takes.
"""

from __future__ import annotations

import io
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from engram.errors import InvalidInput, Io, _missing_extra
from engram.pdfium import pdfium

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

    from engram.embed.local.folder import ModelFolder

__all__ = ["Pixels", "open_image", "pdf_page", "pdf_page_count"]

_POINTS_PER_INCH = 72


def open_image(image: Any) -> Any:
    """Give an image as a PIL image in RGB; transparency is dropped.

    Args:
        image: A path, the bytes of an image file, or a PIL image.

    Raises:
        Io: ``file.not_found``.
        InvalidInput: ``input.invalid`` where it is no image.
        MissingExtra: ``extra.missing`` without Pillow.
    """
    pil = _pillow()
    source: Any
    if isinstance(image, pil.Image):
        return image.convert("RGB")
    if not isinstance(image, (str, bytes, bytearray, memoryview, os.PathLike)):
        raise InvalidInput(
            "input.invalid",
            f"{type(image).__name__} is no image",
            "a path, the bytes of an image file, or a PIL image; engram.embed.pdf_page for PDF",
        )
    if isinstance(image, (str, os.PathLike)):
        source, what = image, os.fspath(image)
    else:
        source, what = io.BytesIO(image), f"what is given in {len(image)} bytes"
    try:
        with pil.open(source) as opened:
            return opened.convert("RGB")
    except FileNotFoundError as cause:
        error = Io("file.not_found", f"no image at {what}", "check the path")
        error.filename = what
        raise error from cause
    except OSError as cause:
        raise InvalidInput(
            "input.invalid", f"{what} is no image that Pillow reads: {cause}", None
        ) from cause


def pdf_page_count(path: str | os.PathLike[str]) -> int:
    """Count the pages of a PDF file.

    Raises:
        Io, InvalidInput, MissingExtra: As `pdf_page`.
    """
    with _pdf(path) as document:
        return len(document)


def pdf_page(path: str | os.PathLike[str], page: int = 0, *, dpi: int = 150) -> Any:
    """Draw a page of a PDF file, as a PIL image in RGB.

    Args:
        path: The file.
        page: Which page, from 0 on.
        dpi: Pixels per inch, 1 to 1200.

    Raises:
        Io: ``file.not_found``.
        InvalidInput: ``input.invalid`` where it is no PDF file, or has no such page.
        MissingExtra: ``extra.missing`` without pypdfium2.
    """
    if not 1 <= dpi <= 1200:  # noqa: PLR2004 - the documented range
        raise InvalidInput("input.invalid", f"dpi is {dpi!r}, outside 1 to 1200")
    with _pdf(path) as document:
        if isinstance(page, bool) or not 0 <= page < len(document):
            raise InvalidInput(
                "input.invalid", f"page is {page!r}; {path} has pages 0 to {len(document) - 1}"
            )
        return document[page].render(scale=dpi / _POINTS_PER_INCH).to_pil().convert("RGB")


@contextmanager
def _pdf(path: str | os.PathLike[str]) -> Iterator[Any]:
    with pdfium("vision", "a page of a PDF file") as library:
        try:
            document = library.PdfDocument(os.fspath(path))
        except FileNotFoundError as cause:
            error = Io("file.not_found", f"no PDF file at {path}", "check the path")
            error.filename = str(path)
            raise error from cause
        except library.PdfiumError as cause:
            raise InvalidInput("input.invalid", f"{path} is no PDF file: {cause}") from cause
        with document:
            yield document


class Pixels:
    """The steps from an image to the pixels of one model."""

    __slots__ = ("_crop", "_mean", "_resample", "_scale", "_size", "_std", "rows")

    def __init__(self, folder: ModelFolder) -> None:
        """Read ``preprocessor_config.json``, or its newer nested form.

        Raises:
            InvalidInput: ``model.invalid`` where neither is there, or names a size of neither form.
        """
        nested = folder.json("processor_config.json").get("image_processor")
        settings = folder.json("preprocessor_config.json") or nested
        if not settings:
            raise folder.unfit("has no preprocessor_config.json, which says how images are cut")
        self._size = size = _size_of(folder, settings.get("size"))
        self._resample = int(settings.get("resample", 3))
        crop = settings.get("crop_size") if settings.get("do_center_crop") else None
        self._crop = None if crop is None else _size_of(folder, crop)
        if len(size) == 1 and self._crop is None:
            raise folder.unfit("its images are neither of one size nor cropped to one")
        rescale = settings.get("do_rescale", True)
        self._scale = float(settings.get("rescale_factor", 1 / 255)) if rescale else 1.0
        normal = settings.get("do_normalize", True)
        self._mean = tuple(settings["image_mean"]) if normal else (0.0, 0.0, 0.0)
        self._std = tuple(settings["image_std"]) if normal else (1.0, 1.0, 1.0)
        self.rows = settings.get("image_seq_length")

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height and width of the pixels."""
        sides = self._crop or self._size
        return (3, sides[0], sides[-1])

    def of(self, image: Any) -> NDArray[np.float32]:
        """Give the pixels of an image: float32 ``(3, height, width)``, C-order."""
        import numpy as np

        picture = open_image(image)
        width, height = picture.size
        if len(self._size) == 1:
            short = self._size[0]
            least = min(width, height)
            target = tuple(
                short if edge == least else int(short * edge / least) for edge in (width, height)
            )
        else:
            target = (self._size[1], self._size[0])
        picture = picture.resize(target, self._resample)
        if self._crop is not None:
            tall, wide = self._crop[0], self._crop[-1]
            left, top = (target[0] - wide) // 2, (target[1] - tall) // 2
            picture = picture.crop((left, top, left + wide, top + tall))
        array = np.asarray(picture, np.float32) * np.float32(self._scale)
        array = (array - np.array(self._mean, np.float32)) / np.array(self._std, np.float32)
        return np.ascontiguousarray(array.transpose(2, 0, 1))


def _size_of(folder: ModelFolder, size: Any) -> tuple[int, ...]:
    """Read a size: the short side alone, or height and width."""
    if isinstance(size, int):
        return (size,)
    if isinstance(size, dict) and "shortest_edge" in size:
        return (int(size["shortest_edge"]),)
    if isinstance(size, dict) and {"height", "width"} <= set(size):
        return (int(size["height"]), int(size["width"]))
    raise folder.unfit(f"an image size of {size!r} is not known")


def _pillow() -> Any:
    try:
        from PIL import Image
    except ImportError as cause:
        raise _missing_extra("Pillow", "vision", "an image") from cause
    return Image
