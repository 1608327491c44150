"""The images in files: a file that is one, or those on pages and slides.

Owns: `pictures`, and which images count. Limits: drawings made of lines and text are no images; of
equal images in a document the first counts.
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engram.embed.images import open_image
from engram.errors import EngramError, InvalidInput, _missing_extra
from engram.extract.containers import checked_container
from engram.extract.failing import EXTRA, damaged, encrypted, missing, reading
from engram.extract.kinds import identify
from engram.extract.limits import Limits
from engram.pdfium import pdfium

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["ENDINGS", "Picture", "image_format", "pictures"]

ENDINGS = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp", ".tif", ".tiff")
MOST_PIXELS = 89_000_000
"""Pillow's own bound, above which it suspects an attack."""
_IMAGE_OBJECT = 3
_MEDIA = ("word/media/", "ppt/media/", "xl/media/")


@dataclass(frozen=True, slots=True)
class Picture:
    """An image in a file.

    Attributes:
        image: As a PIL image in RGB.
        raw: The bytes of an image file.
        width: Its width in pixels.
        height: Its height in pixels.
        place: Where it is: ``page`` or ``slide``, where known.
    """

    image: Any
    raw: bytes
    width: int
    height: int
    place: dict[str, int]


def image_format(raw: bytes) -> str | None:
    """Give the media type of an image file by its content, or None where it is none.

    Raises:
        InvalidInput: ``input.limit`` where it has too many pixels.
        MissingExtra: ``extra.missing`` without Pillow.
    """
    pil = _pillow()
    try:
        with pil.open(io.BytesIO(raw)) as opened:
            _check_size(opened.size)
            media: str | None = pil.MIME.get(opened.format or "")
            return media
    except pil.DecompressionBombError as cause:
        raise _too_large(str(cause)) from cause
    except (OSError, SyntaxError, ValueError):
        # Pillow raises any of these where the first bytes look like an image and the rest does not.
        return None


def pictures(raw: bytes, filename: str | None, least: int) -> Iterator[Picture]:
    """Give the images in a file, in its order.

    Args:
        raw: What the file holds: an image, or a PDF, Word, PowerPoint, Excel or EPUB file.
        filename: Its name.
        least: Pixels that both sides have, at least, of an image within a document.

    Raises:
        InvalidInput: ``document.unsupported``, ``document.encrypted``, ``input.limit``.
        Corrupt: ``document.damaged``.
        MissingExtra: ``extra.missing``.
    """
    if image_format(raw) is not None:
        yield _picture(raw, {})
        return
    kind = identify(raw, None, filename)
    if kind.name == "pdf":
        found = _of_pdf(raw, kind.what)
    elif kind.name == "pptx":
        found = _of_slides(raw, kind.what)
    elif kind.name in {"docx", "xlsx", "epub"}:
        found = _of_container(raw, kind.what)
    else:
        return
    seen: set[bytes] = set()
    for data, place in found:
        digest = hashlib.sha256(data).digest()
        if digest in seen:
            continue
        seen.add(digest)
        try:
            if image_format(data) is None:
                continue
            picture = _picture(data, place)
        except InvalidInput:
            # One that is no image, or too large, does not keep the others out.
            continue
        if min(picture.width, picture.height) >= least:
            yield picture


def _picture(raw: bytes, place: dict[str, int]) -> Picture:
    image = open_image(raw)
    return Picture(image, raw, image.width, image.height, place)


def _of_pdf(raw: bytes, what: str) -> Iterator[tuple[bytes, dict[str, int]]]:
    """Give the images of the pages of a PDF file, as PNG; those of one page are in memory at once.

    PDFium is held for each page alone, so that others read meanwhile.
    """
    with pdfium(EXTRA, "reading PDF files") as library, reading(what):
        try:
            document = library.PdfDocument(raw)
        except library.PdfiumError as cause:
            locked = "password" in str(cause).lower() or "security" in str(cause).lower()
            raise encrypted(what) if locked else damaged(what, cause) from cause
        count = len(document)
    try:
        for number in range(1, count + 1):
            with pdfium(EXTRA, "reading PDF files"), reading(what):
                found = list(_of_page(document[number - 1]))
            for data in found:
                yield data, {"page": number}
    finally:
        with pdfium(EXTRA, "reading PDF files"):
            document.close()


def _of_page(page: Any) -> Iterator[bytes]:
    for one in page.get_objects(filter=[_IMAGE_OBJECT], max_depth=5):
        width, height = one.get_px_size()
        if width * height <= MOST_PIXELS:
            yield _png(one.get_bitmap().to_pil())


def _of_slides(raw: bytes, what: str) -> Iterator[tuple[bytes, dict[str, int]]]:
    """Give the images of slides."""
    try:
        import pptx
    except ImportError as cause:
        raise missing("python-pptx", "presentations") from cause
    with checked_container(raw, what, Limits()), reading(what):
        found = [
            (data, {"slide": number})
            for number, slide in enumerate(pptx.Presentation(io.BytesIO(raw)).slides, 1)
            for data in _of_shapes(slide.shapes)
        ]
    yield from found


def _of_shapes(shapes: Any) -> Iterator[bytes]:
    for shape in shapes:
        if hasattr(shape, "shapes"):  # A group.
            yield from _of_shapes(shape.shapes)
        elif hasattr(shape, "image"):
            try:
                yield shape.image.blob
            except (EngramError, MemoryError):
                raise
            except Exception:  # noqa: BLE001, S112 - linked images have none; python-pptx raises several
                continue


def _of_container(raw: bytes, what: str) -> Iterator[tuple[bytes, dict[str, int]]]:
    """Give the images in a container, by name: those of a book's folders or a document's media."""
    with checked_container(raw, what, Limits()) as container:
        found = [
            container.read(name)
            for name in sorted(container.namelist())
            if name.lower().endswith(ENDINGS)
            and (name.startswith(_MEDIA) or what.startswith("book"))
        ]
    for data in found:
        yield data, {}


def _png(image: Any) -> bytes:
    out = io.BytesIO()
    image.convert("RGB").save(out, "PNG")
    return out.getvalue()


def _check_size(size: tuple[int, int]) -> None:
    if size[0] * size[1] > MOST_PIXELS:
        raise _too_large(f"{size[0]} x {size[1]}")


def _too_large(how: str) -> InvalidInput:
    return InvalidInput(
        "input.limit", f"the image has too many pixels: {how}", f"at most {MOST_PIXELS:,}"
    )


def _pillow() -> Any:
    try:
        from PIL import Image
    except ImportError as cause:
        raise _missing_extra("Pillow", "vision", "images") from cause
    return Image
