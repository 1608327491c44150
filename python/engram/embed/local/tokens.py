"""Texts to token ids, as the model's own files say.

Owns: `Tokens`. Invariant: what ``tokenizer.json`` itself says about truncation and padding does not
count (it is what its last user had set); the model's limit does. Padding stands on the right.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engram.errors import InvalidInput, _missing_extra

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from engram.embed.local.folder import ModelFolder

__all__ = ["Tokens", "declared_length"]

_NO_LIMIT = 1_000_000
"""Tokenizers without a limit declare numbers beyond any text."""


class Tokens:
    """A tokenizer with a limit.

    Attributes:
        max_length: Most tokens of a text, special tokens included.
        tokenizer: The `tokenizers.Tokenizer`.
        pad_id: What fills short rows.
    """

    __slots__ = ("_lower", "_segments", "_unknown", "max_length", "pad_id", "tokenizer")

    def __init__(self, folder: ModelFolder, max_length: int) -> None:
        """Load ``tokenizer.json``.

        Raises:
            InvalidInput: ``model.invalid`` where there is none that can be read.
            MissingExtra: ``extra.missing`` without the package tokenizers.
        """
        try:
            import tokenizers
        except ImportError as cause:
            raise _missing_extra("tokenizers", "onnx", "a local model") from cause
        path = folder.file("tokenizer.json")
        try:
            self.tokenizer = tokenizers.Tokenizer.from_file(str(path))
        except Exception as cause:  # the package raises plain exceptions
            raise folder.unfit(f"tokenizer.json cannot be read: {cause}") from cause
        self.tokenizer.no_padding()
        self.max_length = max_length
        self.tokenizer.enable_truncation(max_length, strategy="longest_first")
        settings = folder.json("tokenizer_config.json")
        self._segments = _has_segments(settings)
        self._lower = bool(folder.json("sentence_bert_config.json").get("do_lower_case"))
        self._unknown = self.id_of(settings.get("unk_token", "[UNK]"))
        pad = self.id_of(settings.get("pad_token"))
        self.pad_id = (
            pad if pad is not None else folder.json("config.json").get("pad_token_id") or 0
        )

    def id_of(self, token: Any) -> int | None:
        """Give the id of a token, which a file may name as text or as an object."""
        text = token.get("content") if isinstance(token, dict) else token
        return self.tokenizer.token_to_id(text) if isinstance(text, str) else None

    def ids(self, texts: Sequence[str]) -> list[list[int]]:
        """Give the token ids of texts, cut at the limit."""
        if self._lower:
            texts = [text.lower() for text in texts]
        if len(texts) == 1:
            # A batch wakes other threads, which costs more than tokenizing a query.
            return [self.tokenizer.encode(texts[0]).ids]
        return [one.ids for one in self.tokenizer.encode_batch_fast(list(texts))]

    def windowing(self, share: int) -> Any:
        """Give a tokenizer that cuts long texts into windows, as ``overflowing`` of the first.

        Args:
            share: How many tokens a window repeats of the one before it.
        """
        again = type(self.tokenizer).from_str(self.tokenizer.to_str())
        again.enable_truncation(self.max_length, stride=share, strategy="longest_first")
        return again

    def count(self, text: str) -> int:
        """Count the tokens of a text, special ones included, as if there were no limit."""
        if self._lower:
            text = text.lower()
        special: int = self.tokenizer.num_special_tokens_to_add(is_pair=False)
        whole = self.tokenizer.encode(text)
        overflow = sum(len(one.ids) - special for one in whole.overflowing)
        return len(whole.ids) + overflow

    def known(self, text: str) -> tuple[int, int]:
        """Count the tokens of a text that are in the vocabulary, and all, special ones left out."""
        ids = self.tokenizer.encode(text, add_special_tokens=False).ids
        return sum(one != self._unknown for one in ids), len(ids)

    def pair_ids(self, pairs: Sequence[tuple[str, str]]) -> list[tuple[list[int], list[int]]]:
        """Give ids and segments of pairs of texts; the longer of the two is cut first."""
        encoded = self.tokenizer.encode_batch(list(pairs))
        segments = self._segments
        return [(one.ids, one.type_ids if segments else [0] * len(one.ids)) for one in encoded]

    def feeds(
        self,
        ids: Sequence[Sequence[int]],
        segments: Sequence[Sequence[int]] | None = None,
        width: int = 0,
    ) -> dict[str, NDArray[np.int64]]:
        """Fill rows of ids to one width: ids, mask, segments, positions, int64 ``(n, width)``."""
        import numpy as np

        if len(ids) == 1 and segments is None and width <= len(ids[0]):
            whole = np.array(ids, dtype=np.int64)
            return {
                "input_ids": whole,
                "attention_mask": np.ones_like(whole),
                "token_type_ids": np.zeros_like(whole),
                "position_ids": np.arange(whole.shape[1], dtype=np.int64)[None],
            }
        width = max(width, *map(len, ids)) if ids else width
        filled = np.full((len(ids), width), self.pad_id, dtype=np.int64)
        mask = np.zeros_like(filled)
        types = np.zeros_like(filled)
        for row, one in enumerate(ids):
            filled[row, : len(one)] = one
            mask[row, : len(one)] = 1
            if segments is not None:
                types[row, : len(one)] = segments[row]
        places = np.broadcast_to(np.arange(width, dtype=np.int64), filled.shape)
        return {
            "input_ids": filled,
            "attention_mask": mask,
            "token_type_ids": types,
            "position_ids": np.ascontiguousarray(places),
        }


def declared_length(folder: ModelFolder, asked: int | None) -> int:
    """Find the most tokens of a text: what was asked for, within what the model's files allow.

    Raises:
        InvalidInput: ``input.invalid`` where more was asked than the model has positions;
            ``model.invalid`` where no file says.
    """
    tokenizer = folder.json("tokenizer_config.json").get("model_max_length")
    positions = folder.json("config.json").get("max_position_embeddings")
    limits = [n for n in (tokenizer, positions) if isinstance(n, int) and 0 < n < _NO_LIMIT]
    if asked is not None:
        most = positions if isinstance(positions, int) else max(limits, default=asked)
        if isinstance(asked, bool) or not 1 <= asked <= most:
            raise InvalidInput(
                "input.invalid", f"max_length is {asked!r}; model {folder.name} takes 1 to {most}"
            )
        return asked
    own = folder.json("sentence_bert_config.json").get("max_seq_length")
    if isinstance(own, int) and own > 0:
        return own
    if not limits:
        raise folder.unfit("its files name no maximum length", "max_length=512")
    return min(limits)


def _has_segments(settings: dict[str, Any]) -> bool:
    """Say whether the reference gives the second text of a pair a segment of its own."""
    names = settings.get("model_input_names")
    if names is not None:
        return "token_type_ids" in names
    return settings.get("tokenizer_class") not in {"PreTrainedTokenizerFast", "TokenizersBackend"}
