"""Running many texts through a graph.

Owns: `TextEncoder`, the folder, tokens and session of a text model together, and its batches.
Invariant: a text comes out the same whatever stands beside it, up to rounding in the last digit:
rows are masked, and graphs for which that is not enough run them one by one.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from engram.checks import proper_str
from engram.embed.finding import found
from engram.embed.local.graph import opened
from engram.embed.local.tokens import Tokens, declared_length
from engram.errors import InvalidInput

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    Progress = Callable[[int], None]
    Part = tuple[list[int], dict[str, NDArray[np.float32]], NDArray[np.int64]]

__all__ = ["BATCH_TOKENS", "TextEncoder", "batches", "checked_texts"]

CALL_TOKENS = 24
"""What a call on a processor costs beside its tokens: the weights come from memory once a call, in
the time that so many tokens take to compute. MiniLM: 1.2 ms a call, 0.07 ms a token in float32."""

BATCH_TOKENS = 1024
"""Tokens of one batch, padding included. With MiniLM in float32 on two processors, 4 to 8 passages
of 100 tokens at a time were fastest, by a tenth over 32 or one (`benches/embedding.py`)."""


class TextEncoder:
    """A text model: its folder, its tokenizer, its graph.

    Attributes:
        folder: Its files.
        tokens: Its tokenizer.
        session: Its graph.
        batch_tokens: Most tokens of one batch.
    """

    __slots__ = ("_width", "batch_tokens", "folder", "session", "tokens")

    def __init__(  # noqa: PLR0913 - a model has this many settings
        self,
        source: str | os.PathLike[str],
        *,
        name: str | None,
        file: str | None,
        stems: Sequence[str],
        max_length: int | None,
        device: str,
        threads: int | None,
        batch_tokens: int | None,
        backend: str = "onnx",
        precision: str | None = None,
    ) -> None:
        if batch_tokens is not None and (isinstance(batch_tokens, bool) or batch_tokens < 1):
            raise InvalidInput("input.invalid", f"batch_tokens is {batch_tokens!r}, below 1")
        self.folder = found(source, name)
        self.tokens = Tokens(self.folder, declared_length(self.folder, max_length))
        graph = self.folder.graph(file, *stems)
        self.session = opened(graph, backend, precision, device, threads)
        width = self.session.shape("input_ids")[1] if "input_ids" in self.session.inputs else None
        # Some exports take texts of one length only.
        self._width = width if isinstance(width, int) else 0
        self.batch_tokens = batch_tokens or BATCH_TOKENS

    def run(
        self,
        ids: Sequence[Sequence[int]],
        segments: Sequence[Sequence[int]] | None = None,
        progress: Progress | None = None,
        *,
        attended: Sequence[int] | None = None,
    ) -> Iterator[Part]:
        """Run rows of ids, in batches of like length.

        Args:
            ids: The tokens of each row.
            segments: The segment of each token, where there are several.
            progress: Called with the number of rows done so far.
            attended: How many tokens of each row the others may look at, from the first on; all,
                unless given.

        Yields:
            Which rows, the outputs for them by name, and their mask, in no promised order.
        """
        lengths = [len(one) for one in ids]
        call = CALL_TOKENS if self.session.device == "cpu" and not self._width else None
        groups = batches(lengths, 1 if self.session.alone else self.batch_tokens, call)

        def one(rows: list[int]) -> Part:
            kinds = None if segments is None else [segments[row] for row in rows]
            feeds = self.tokens.feeds([ids[row] for row in rows], kinds, self._width)
            if attended is not None:
                for place, row in enumerate(rows):
                    feeds["attention_mask"][place, attended[row] :] = 0
            return rows, self.session.run(feeds), feeds["attention_mask"]

        done = 0
        for part in self._each(one, groups):
            yield part
            done += len(part[0])
            if progress is not None:
                progress(done)

    def _each(self, one: Callable[[list[int]], Part], groups: list[list[int]]) -> Iterator[Part]:
        """Run the groups: one after the other, or side by side where each runs in one thread."""
        if not self.session.alone or self.session.threads == 1 or len(groups) == 1:
            yield from map(one, groups)
            return
        with ThreadPoolExecutor(self.session.threads, "engram-embed") as pool:
            yield from pool.map(one, groups)


def batches(lengths: Sequence[int], budget: int, call: int | None = None) -> list[list[int]]:
    """Group rows of like length so that no group, filled to its longest row, exceeds a budget.

    A row that exceeds it by itself is a group by itself.

    Args:
        lengths: The tokens of each row.
        budget: Most tokens of a group, padding included.
        call: What a call costs beside its tokens, in tokens: groups are kept apart where filling
            short rows up would cost more. Groups are as few as can be, unless given.
    """
    groups: list[list[int]] = []
    padding = 0
    for row in sorted(range(len(lengths)), key=lengths.__getitem__):
        # Rows come by rising length: the newest is the widest of its group.
        width = lengths[row]
        size = len(groups[-1]) if groups else 0
        if size:
            padding += size * (width - lengths[groups[-1][-1]])
        if size and (size + 1) * width <= budget and (call is None or padding <= call):
            groups[-1].append(row)
        else:
            groups.append([row])
            padding = 0
    return groups


def checked_texts(texts: Any) -> list[str]:
    """Check that something is several texts."""
    if isinstance(texts, (str, bytes)):
        raise InvalidInput(
            "input.invalid", "encode_batch takes a sequence of texts, not one text", "encode()"
        )
    return [proper_str(text, "a text") for text in texts]
