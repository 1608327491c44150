"""Names in texts: a transformer that gives every token a label, and what the labels join into.

Owns: `TokenClassifier` and `LabeledSpan`. Texts of any length are read: what is beyond the model's
limit in windows that overlap, each token taken from the window that shows the most around it.
Invariant: offsets count characters (code points) of the text as given.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engram.checks import number, proper_str
from engram.embed.local.encoder import TextEncoder, checked_texts
from engram.embed.local.labels import Labels, joined
from engram.errors import InvalidInput
from engram.records import Frozen, _set

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from engram.embed.local.encoder import Progress

    Floats = NDArray[np.float32]

__all__ = ["LabeledSpan", "TokenClassifier"]

_STEMS = ("model", "model_optimized", "model_quantized", "model_int8")
_AGGREGATIONS = ("simple", "first", "average", "max")
_OVERLAP = 4
"""Neighbouring windows share this part of the limit: an eighth of it stands on each side of what
is taken from a window, as far as the text goes."""

_DIMENSIONS = 3


class LabeledSpan(Frozen):
    """A piece of a text that a model gave a label. Frozen.

    Attributes:
        text: The piece, as it stands in the text.
        label: What the model calls it, for example ``PER``.
        start: Its first character, counted in code points from 0.
        end: The character after its last.
        confidence: How sure the model is, 0 to 1.
    """

    __slots__ = ("confidence", "end", "label", "start", "text")

    text: str
    label: str
    start: int
    end: int
    confidence: float

    def __init__(  # noqa: PLR0913, PLR0917, RUF100 - a field each
        self, text: str, label: str, start: int, end: int, confidence: float
    ) -> None:
        """Keep the five facts."""
        _set(self, "text", text)
        _set(self, "label", label)
        _set(self, "start", start)
        _set(self, "end", end)
        _set(self, "confidence", confidence)

    def to_dict(self) -> dict[str, str | int | float]:
        """Give the five facts as JSON-able data."""
        return {name: getattr(self, name) for name in ("text", "label", "start", "end")} | {
            "confidence": self.confidence
        }

    def __eq__(self, other: object) -> bool:
        """Compare all five facts."""
        return isinstance(other, LabeledSpan) and self.to_dict() == other.to_dict()

    def __hash__(self) -> int:
        """Hash where it stands and what it is."""
        return hash((self.text, self.label, self.start, self.end))

    def __repr__(self) -> str:
        """Show all five facts."""
        return (
            f"LabeledSpan({self.text!r}, {self.label!r}, start={self.start}, end={self.end}, "
            f"confidence={self.confidence:.3f})"
        )


class TokenClassifier:
    """A token classifier on ONNX Runtime: named entities, parts of speech, any labels of tokens.

    Labels are the model's own (``id2label`` of its ``config.json``); ``O`` is none. Labels in the
    forms ``B-X``, ``I-X`` (and ``E-``, ``S-``, ``L-``, ``U-``) join into pieces labelled ``X``.

    Args:
        source: The model's folder, or the name of an installed one.
        name: What to call the model; the folder's name, unless given.
        file: The ONNX file within the folder, where there are several.
        aggregation: Which label a word of several tokens has: ``"simple"``, each token its own,
            so that a word may fall apart; ``"first"``, that of its first token; ``"average"``, the
            best of the mean; ``"max"``, that of its surest token. As in the pipeline of
            transformers.
        windows: Whether a text beyond the limit is read in windows; else what is beyond is cut.
        max_length: Most tokens of a window, special ones included. As the model's files say,
            unless given.
        device: ``"cpu"``, ``"cuda"``, ``"coreml"``, ``"directml"``, or ``"auto"`` for the best
            that is there.
        threads: Threads of the processor; all that the process may use, unless given.
        batch_tokens: Most tokens that run at a time, padding included.

    Raises:
        Io: ``file.not_found`` where there is no such folder.
        NotFound: ``model.not_found`` where no model of that name is known, or installed.
        InvalidInput: ``model.invalid`` where its files do not make a token classifier.
        MissingExtra: ``extra.missing`` without ``engram[onnx]``.

    Example:
        >>> tagger = engram.embed.TokenClassifier("models/bert-base-NER")  # doctest: +SKIP
        >>> tagger.extract("Ada Lovelace lived in London.")  # doctest: +SKIP
    """

    __slots__ = ("_encoder", "_labels", "_share", "_tokenizer", "aggregation", "windows")

    def __init__(  # noqa: PLR0913 - one setting each
        self,
        source: str | os.PathLike[str],
        *,
        name: str | None = None,
        file: str | None = None,
        aggregation: str = "first",
        windows: bool = True,
        max_length: int | None = None,
        device: str = "auto",
        threads: int | None = None,
        batch_tokens: int | None = None,
    ) -> None:
        """Load the model; the graph runs once on a word."""
        if aggregation not in _AGGREGATIONS:
            raise InvalidInput(
                "input.invalid",
                f"unknown aggregation {aggregation!r}",
                f"one of: {', '.join(_AGGREGATIONS)}",
            )
        self._encoder = TextEncoder(
            source,
            name=name,
            file=file,
            stems=_STEMS,
            max_length=max_length,
            device=device,
            threads=threads,
            batch_tokens=batch_tokens,
        )
        self._labels = Labels(self._encoder.folder)
        self.aggregation = aggregation
        self.windows = bool(windows)
        tokens = self._encoder.tokens
        self._share = tokens.max_length // _OVERLAP if windows else 0
        self._tokenizer = tokens.windowing(self._share)
        self.logits("a")

    @property
    def model(self) -> str:
        """The model's name."""
        return self._encoder.folder.name

    @property
    def labels(self) -> tuple[str, ...]:
        """What pieces can be called, without ``O`` and the marks of where a piece begins."""
        return self._labels.kinds

    @property
    def device(self) -> str:
        """Where it runs: ``"cpu"``, ``"cuda"``, ``"coreml"`` or ``"directml"``."""
        return self._encoder.session.device

    @property
    def max_length(self) -> int:
        """Most tokens of a window, special tokens included."""
        return self._encoder.tokens.max_length

    def extract(self, text: str, min_confidence: float = 0.0) -> list[LabeledSpan]:
        """Find the labelled pieces of a text.

        Args:
            text: The text, of any length.
            min_confidence: Pieces that the model is less sure of are left out, 0 to 1.

        Returns:
            The pieces in the order of the text; they do not overlap.
        """
        return self.extract_batch([proper_str(text, "a text")], min_confidence)[0]

    def extract_batch(
        self,
        texts: Sequence[str],
        min_confidence: float = 0.0,
        progress: Progress | None = None,
    ) -> list[list[LabeledSpan]]:
        """Find the labelled pieces of many texts, windows of like length at a time.

        Args:
            texts: The texts.
            min_confidence: Pieces that the model is less sure of are left out, 0 to 1.
            progress: Called now and then with the number of windows done so far.

        Returns:
            One list for each text, as `extract` gives it.
        """
        least = number(min_confidence, "min_confidence")
        if not 0 <= least <= 1:
            raise InvalidInput("input.invalid", f"min_confidence is {least!r}, not 0 to 1")
        given = checked_texts(texts)
        found = []
        for text, (tokens, logits) in zip(given, self._read(given, progress), strict=True):
            pieces = joined(self._labels, tokens, logits, self.aggregation)
            found.append(
                [
                    LabeledSpan(text[start:end], label, start, end, confidence)
                    for label, start, end, confidence in pieces
                    if confidence >= least
                ]
            )
        return found

    def logits(self, text: str) -> Floats:
        """Give what the graph says of each token: float32 ``(tokens, labels)``.

        The rows are those of the first window, special tokens included.
        """
        encoding = self._tokenizer.encode(proper_str(text, "a text"))
        ((_, outputs, _),) = self._encoder.run([encoding.ids])
        rows: Floats = self._scores(outputs)[0]
        return rows

    def _read(
        self, texts: list[str], progress: Progress | None
    ) -> list[tuple[list[tuple[int, int, int | None]], Floats]]:
        """Give the tokens of each text as start, end and word, and the logits of each."""
        import numpy as np

        share = self._share
        encodings = self._tokenizer.encode_batch(texts)
        windows = [
            (owner, window)
            for owner, whole in enumerate(encodings)
            for window in ([whole, *whole.overflowing] if self.windows else [whole])
        ]
        rows: dict[int, Floats] = {}
        for members, outputs, _ in self._encoder.run(
            [window.ids for _, window in windows], None, progress
        ):
            rows.update(zip(members, self._scores(outputs), strict=True))
        parts: list[list[tuple[Any, Floats]]] = [[] for _ in texts]
        for place, (owner, window) in enumerate(windows):
            parts[owner].append((window, rows[place]))
        read = []
        for of_text in parts:
            tokens: list[tuple[int, int, int | None]] = []
            kept: list[Floats] = []
            for number_of, (window, scores) in enumerate(of_text):
                plain = [i for i, one in enumerate(window.special_tokens_mask) if not one]
                # Half of what two windows share is each one's own.
                first = share - share // 2 if number_of else 0
                last = len(plain) - (share // 2 if number_of + 1 < len(of_text) else 0)
                plain = plain[first:last]
                tokens += [(*window.offsets[i], window.word_ids[i]) for i in plain]
                kept.append(scores[plain])
            read.append((tokens, np.concatenate(kept)))
        return read

    def _scores(self, outputs: dict[str, Floats]) -> Floats:
        """Find the logits ``(rows, tokens, labels)`` among what the graph gives."""
        found = outputs.get("logits")
        if found is None:
            found = next(iter(outputs.values()))
        if found.ndim != _DIMENSIONS or found.shape[2] != len(self._labels.names):
            raise self._encoder.folder.unfit(
                f"its graph gives an array of shape {found.shape}, not {len(self._labels.names)} "
                "scores a token"
            )
        return found

    def __repr__(self) -> str:
        """Show model, labels, device and limits."""
        return (
            f"TokenClassifier(model={self.model!r}, labels={list(self.labels)}, "
            f"aggregation={self.aggregation!r}, device={self.device!r}, "
            f"threads={self._encoder.session.threads}, max_length={self.max_length})"
        )
