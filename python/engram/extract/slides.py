"""Reading presentations (PPTX) by python-pptx.

Owns: the texts, tables and notes of slides, in the order in which they are drawn. Limits: texts in
pictures, charts and diagrams are left out.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from engram.extract.containers import checked_container
from engram.extract.failing import missing, reading
from engram.extract.properties import core_facts

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from engram.extract.building import Builder
    from engram.extract.documents import Document
    from engram.extract.request import Request

__all__ = ["read_pptx"]


def read_pptx(request: Request) -> Document:
    """Read a presentation."""
    try:
        import pptx
    except ImportError as cause:
        raise missing("python-pptx", "presentations") from cause
    builder = request.builder()
    with checked_container(request.raw, request.kind.what, request.limits) as container:
        builder.title, facts = core_facts(container)
    with reading(request.kind.what):
        presentation = pptx.Presentation(io.BytesIO(request.raw))
        builder.metadata |= facts | {"slides": len(presentation.slides)}
        request.limits.check("pages", len(presentation.slides), "too many slides")
        for number, slide in enumerate(presentation.slides, 1):
            heading = slide.shapes.title
            words = " ".join(heading.text_frame.text.split()) if heading is not None else ""
            path = (words,) if words else ()
            builder.begin(slide=number, path=path)
            _add_shapes(slide.shapes, builder)
            notes = slide.notes_slide.notes_text_frame if slide.has_notes_slide else None
            if notes is not None and notes.text.strip():
                builder.begin(slide=number, section="notes", path=path)
                builder.add(_plain(notes.text))
    return builder.finish(request.kind.media)


def _add_shapes(shapes: Iterable[Any], builder: Builder) -> None:
    for shape in shapes:
        if hasattr(shape, "shapes"):  # A group.
            _add_shapes(shape.shapes, builder)
        elif getattr(shape, "has_table", False):
            rows = [list(row.cells) for row in shape.table.rows]
            builder.add_table(
                [["" if cell.is_spanned else _plain(cell.text) for cell in row] for row in rows],
                [
                    (down, right, cell.span_height, cell.span_width)
                    for down, row in enumerate(rows)
                    for right, cell in enumerate(row)
                    if cell.is_merge_origin
                ],
            )
        elif shape.has_text_frame:
            builder.add(_plain(shape.text_frame.text))


def _plain(text: str) -> str:
    """Give a text with the line breaks within its paragraphs as such."""
    return text.replace("\v", "\n")
