"""Images in a memory: put as files or with the documents they are in, listed, given back.

Owns: `Images`, the verbs of a memory that are about images; `Memory.find` searches them. An image
is a passage with the id ``<document>#i<number>`` and a vector in a space of its own. Invariants:
the images of a document are written in one commit, and deleted with it; their bytes are kept once,
in the document's original.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engram.checks import proper_str
from engram.errors import EngramError, InvalidInput, NotFound
from engram.extract.kinds import identify, kind_of_name
from engram.files import io_error
from engram.filtering import quoted
from engram.ingest import Batch
from engram.memory.finding import Finding
from engram.memory.finds import About
from engram.memory.inputs import Item
from engram.memory.keeping import Keeping
from engram.memory.layout import DOC_ID, DOCUMENT_KEYS, IMAGES_NOTE, RESERVED, content_hash
from engram.memory.moments import from_seconds
from engram.memory.outcomes import Failed, PutMany
from engram.memory.pictures import ENDINGS, image_format, pictures
from engram.memory.putting import Putting, keeps
from engram.memory.reading import Read
from engram.memory.seeing import IMAGE_SPACE, vision_of
from engram.memory.writing import Writer, make_ready
from engram.rag.chunks import Chunk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from typing_extensions import Unpack

    from engram.access import AccessContext
    from engram.embed.vision import Vision
    from engram.memory.base import Point
    from engram.memory.options import PutOptions
    from engram.memory.outcomes import Put
    from engram.memory.pictures import Picture
    from engram.records import Record

__all__ = ["ImageInfo", "Images"]

_IS_IMAGE = f"{RESERVED}.image EXISTS"
_AT_ONCE = 8
_LEAST = 32
"""Pixels of the shorter side of an image in a document, below which it is an ornament."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageInfo:
    """One image of a memory. Frozen.

    Attributes:
        id: Its id, which is that of its passage.
        document: Which document it is, or is in.
        number: Which image of the document it is, from 1.
        width: Its width in pixels.
        height: Its height in pixels.
        page: The page it is on, from 1, of a PDF file.
        slide: The slide it is on, from 1, of a presentation.
    """

    id: str
    document: About
    number: int
    width: int
    height: int
    page: int | None = None
    slide: int | None = None

    @classmethod
    def of(cls, record: Record) -> ImageInfo:
        """Read the record of an image."""
        about: Mapping[str, Any] = record.metadata[RESERVED]
        return cls(
            id=record.id,
            document=About.of(about),
            number=about["image"],
            width=about["width"],
            height=about["height"],
            page=about.get("page"),
            slide=about.get("slide"),
        )

    def to_dict(self) -> dict[str, Any]:
        """Give it as JSON-able data."""
        plain: dict[str, Any] = {name: getattr(self, name) for name in self.__slots__}
        return plain | {"document": self.document.to_dict()}


class Images(Putting, Finding, Keeping):
    """The verbs of a memory that are about images."""

    def put_images(
        self,
        source: str | os.PathLike[str] | bytes,
        *,
        caption: str | None = None,
        least: int = _LEAST,
        progress: Callable[[int, int], object] | None = None,
        **options: Unpack[PutOptions],
    ) -> PutMany:
        """Put an image, a document with the images in it, or all images below a folder.

        Each is embedded by the memory's vision model, so that `find` with ``kind="image"`` or
        ``image=`` finds it. An image becomes a document of its own, with its caption as text; a
        PDF, Word, PowerPoint, Excel or EPUB file is put as `put` does, and a scan without any text
        as its images, with `search_text` as its text.

        Args:
            source: A file, what it holds, or a folder, of which files that are named as images are
                put.
            caption: What an image shows, in words, which are searched as text; of one image alone.
            least: Pixels of the shorter side of an image within a document, at least.
            progress: Called with files done and files in all.
            **options: The other arguments of `put`.

        Returns:
            The documents, and of a folder those that could not be put, and why.

        Raises:
            InvalidInput: ``embedder.missing``, ``embedder.mismatch``, ``document.unsupported``,
                ``input.invalid``, ``input.limit``.
            EngramError: As `put`.
        """
        if isinstance(source, bytes) or not Path(os.fspath(source)).is_dir():
            return PutMany(documents=(self._put_images_of(source, caption, least, options),))
        if caption is not None or {"uri", "filename", "title"} & set(options):
            raise InvalidInput(
                "input.invalid", "caption, uri, filename and title are of one image", "put it alone"
            )
        folder = Path(os.fspath(source))
        paths = sorted(
            path
            for path in folder.rglob("*")
            if path.name.lower().endswith(ENDINGS) and path.is_file()
        )
        vision_of(self)  # What is wrong with it is wrong for all.
        done: list[Put] = []
        failed: list[Failed] = []
        for count, path in enumerate(paths, 1):
            try:
                done.append(self._put_images_of(path, None, least, options))
            except EngramError as error:
                failed.append(Failed(name=path.as_posix(), error=error))
            if progress is not None:
                progress(count, len(paths))
        return PutMany(documents=tuple(done), failed=tuple(failed))

    def list_images(
        self,
        document: str | None = None,
        *,
        scope: str | None = None,
        as_of: Point | None = None,
        access: AccessContext | None = None,
    ) -> list[ImageInfo]:
        """List images: by document, then as they stand in it.

        Args:
            document: Only those of this document, by its id or uri.
            scope: Only those of documents whose uri starts so.
            as_of: The memory as it was: a commit number, a moment or a snapshot's name.
            access: Who asks; only images of documents that they may see are given.
        """
        filters = [_IS_IMAGE, *self._access_filters(access, as_of)]
        if document is not None:
            name = quoted(proper_str(document, "the document"))
            filters.append(f"{DOC_ID} = {name} OR {RESERVED}.uri = {name}")
        if scope is not None:
            filters.append(f"{RESERVED}.uri STARTSWITH {quoted(proper_str(scope, 'scope'))}")
        where = " AND ".join(f"({one})" for one in filters)
        found = self._at(self.layout.passages, as_of).iterate(where, missing="ignore")
        return sorted(map(ImageInfo.of, found), key=_place)

    def get_image(
        self, id: str, *, as_of: Point | None = None, access: AccessContext | None = None
    ) -> bytes:
        """Give an image as the bytes of a file: as it was put, or PNG for those of PDF files.

        Args:
            id: Its id, from `list_images` or a passage that was found.
            as_of: The memory as it was.
            access: Who asks.

        Raises:
            NotFound: ``record.not_found`` where there is none, who asks may not see it, or the
                document's bytes were not kept.
        """
        record = self._at(self.layout.passages, as_of).get(proper_str(id, "the id"))
        about = {} if record is None else record.metadata[RESERVED]
        if record is None or "image" not in about:
            raise NotFound(
                "record.not_found", f"there is no image {id!r:.200}", "see list_images()"
            )
        raw: bytes = self.blob(about["id"], as_of=as_of, access=access)
        if image_format(raw) is not None:
            return raw
        found = pictures(raw, about.get("file"), about["least"])
        return next(islice(found, int(about["image"]) - 1, None)).raw

    def _put_images_of(
        self,
        source: str | os.PathLike[str] | bytes,
        caption: str | None,
        least: int,
        options: PutOptions,
    ) -> Put:
        """Put one file with its images."""
        vision = vision_of(self)
        options = options.copy()
        path = None if isinstance(source, bytes) else os.fspath(source)
        raw = source if isinstance(source, bytes) else _content(os.fspath(source))
        name = options.get("filename") or (None if path is None else Path(path).name)
        media = image_format(raw)
        if media is None and caption is not None:
            raise InvalidInput("input.invalid", "caption= is of an image, and this is none")
        if media is None and name is not None and name.lower().endswith(ENDINGS):
            raise InvalidInput(
                "document.unsupported", f"{name} is named as an image, and is none that is read"
            )
        if media is None and name is not None and kind_of_name(name) is None:
            name = None
        seen = _Seen(vision, pictures(raw, name, least), alone=media is not None)
        seen.from_file = {"least": least} | ({} if name is None else {"file": name})
        if media is None:
            try:
                put = self.put(file=source, **options)
            except InvalidInput as error:
                if error.code != "document.unsupported" or not seen.facts:
                    raise
                # A scan: it has images and no text.
                caption = options.pop("search_text", None)
                media = identify(raw, None, name).media
            else:
                return self._with_images(put, seen, content_hash(raw))
        write = self._writes_image(raw, path, caption, media, options)
        if self.db._active() is not None:
            return self._with_images(write(), seen, content_hash(raw))
        with self.db.transaction():
            return self._with_images(write(), seen, content_hash(raw))

    def _writes_image(
        self,
        raw: bytes,
        path: str | None,
        caption: str | None,
        media: str,
        options: PutOptions,
    ) -> Callable[[], Put]:
        """Make the document of an image; what is returned writes it."""
        said = {
            name: value
            for name, value in options.items()
            if name not in {"duplicates", "enable_embedding", "near", "format"}
        }
        for name in ("search_text", "embedding", "embedding_identity"):
            if said.get(name) is not None:
                raise InvalidInput("input.invalid", f"{name}= is not for images", "caption=")
        item = Item(file=raw if path is None else path, **said)  # type: ignore[arg-type]
        item.check()
        text = proper_str(caption, "the caption") if caption is not None else ""
        embedder = self._put_embedder(enable=options.get("enable_embedding")) if text else None
        chunks = [chunk for chunk in (Chunk(text, 0, len(text)).strip(),) if chunk.text]
        ready = make_ready(
            item,
            Read(
                text=text,
                title=None,
                kind=media,
                found={},
                when=None if path is None else from_seconds(Path(path).stat().st_mtime, "the time"),
                hash=content_hash(raw),
                size=len(raw),
                raw=raw if self.originals else None,
                chunks=chunks,
                places=[{} for _ in chunks],
            ),
            digest=hashlib.sha256(f"{self._digest(item, embedder)} {text}".encode()).hexdigest(),
            keep=keeps(options.get("duplicates", "skip")),
        )
        return lambda: Writer(self, embedder).write([ready])[0]

    def _with_images(self, put: Put, seen: _Seen, hashed: str) -> Put:
        """Store the images of a document that was put, unless they are there."""
        if self.db._active() is None:
            with self.db.transaction():
                return self._with_images(put, seen, hashed)
        record = self._documents.get(put.id)
        if record is None or record.metadata[RESERVED]["hash"] != hashed:
            raise InvalidInput(
                "input.invalid", f"{put.uri or put.id} changed while it was read", "put it again"
            )
        about = record.metadata[RESERVED]
        digest = seen.digest(hashed)
        if about.get(IMAGES_NOTE, {}).get("digest") == digest:
            return put
        gone = f"{DOC_ID} = {quoted(put.id)} AND {_IS_IMAGE}"
        self._passages.delete_where(gone, missing="ignore")
        own = {key: value for key, value in record.metadata.items() if key != RESERVED}
        shared = {key: about[key] for key in DOCUMENT_KEYS if key in about} | seen.from_file
        end = len(record.text or "") if seen.alone else 0
        if seen.facts:
            batch = Batch(0, [f"{put.id}#i{n}" for n in range(1, len(seen.facts) + 1)])
            batch.metadata = [
                {
                    **own,
                    RESERVED: {
                        **shared,
                        **facts,
                        "image": number,
                        "position": about["passages"] + number - 1,
                        "start": 0,
                        "end": end,
                        "context": 0,
                    },
                }
                for number, facts in enumerate(seen.facts, 1)
            ]
            batch.own_vectors = None
            batch.vectors = [(IMAGE_SPACE, seen.identity, None, seen.vectors)]
            self._passages._store(batch)
        note = {"digest": digest, "count": len(seen.facts)}
        self._documents.update(put.id, metadata={RESERVED: {**about, IMAGES_NOTE: note}})
        return put


class _Seen:
    """The images of a file, embedded a few at a time; of their pixels nothing is kept.

    Attributes:
        facts: Size and place of each.
        vectors: float32 ``(n, dimension)``.
        identity: Who embedded them.
        alone: Whether the file is an image, rather than a document with images.
        from_file: How to find them in the file again.
    """

    def __init__(self, vision: Vision, found: Iterator[Picture], *, alone: bool) -> None:
        """Embed images."""
        import numpy as np

        self.identity = vision.identity.to_json()
        self.alone = alone
        self.from_file: dict[str, Any] = {}
        self.facts: list[dict[str, Any]] = []
        rows = []
        while some := list(islice(found, _AT_ONCE)):
            rows.append(vision.encode_batch([one.image for one in some]))
            self.facts += [{**one.place, "width": one.width, "height": one.height} for one in some]
        self.vectors = np.concatenate(rows) if rows else None

    def digest(self, hashed: str) -> str:
        """Give what tells whether a document's images were put just so."""
        said = json.dumps([hashed, self.identity, self.from_file], sort_keys=True)
        return hashlib.sha256(said.encode()).hexdigest()


def _content(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as cause:
        raise io_error(f"reading {path}", cause, path) from cause


def _place(one: ImageInfo) -> tuple[str, str, int]:
    return (one.document.uri or "", one.document.id, one.number)
