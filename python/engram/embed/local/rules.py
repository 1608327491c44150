"""What a model's files say about writing text.

Owns: `Rules`: lengths, forced and forbidden tokens, beams. Invariant: a rule in the files that is
not followed here is an error, never passed over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engram.errors import InvalidInput
from engram.records import Frozen, _set

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from engram.embed.local.folder import ModelFolder

    Floats = NDArray[np.float32]

__all__ = ["Rules"]

_DEFAULTS: dict[str, Any] = {
    "max_length": 20,
    "max_new_tokens": None,
    "min_length": 0,
    "min_new_tokens": None,
    "num_beams": 1,
    "length_penalty": 1.0,
    "early_stopping": False,
    "no_repeat_ngram_size": 0,
    "repetition_penalty": 1.0,
    "bad_words_ids": None,
    "suppress_tokens": None,
    "forced_bos_token_id": None,
    "forced_eos_token_id": None,
    "decoder_start_token_id": None,
    "bos_token_id": None,
    "eos_token_id": None,
}
"""The rules that are followed, and what holds where the files are silent (as in transformers)."""

_NOT_FOLLOWED: dict[str, tuple[Any, ...]] = {
    "begin_suppress_tokens": (None, []),
    "constraints": (None, []),
    "diversity_penalty": (None, 0, 0.0),
    "encoder_no_repeat_ngram_size": (None, 0),
    "encoder_repetition_penalty": (None, 1, 1.0),
    "exponential_decay_length_penalty": (None,),
    "force_words_ids": (None, []),
    "forced_decoder_ids": (None, []),
    "guidance_scale": (None, 1, 1.0),
    "num_beam_groups": (None, 1),
    "penalty_alpha": (None, 0, 0.0),
    "renormalize_logits": (None, False),
    "sequence_bias": (None, {}),
}
"""Rules that are not, with the values that ask for nothing. Sampling (``do_sample``, ``top_k``,
``temperature``) is left out on purpose: the same text always gives the same summary."""

_TASK = "summarization"


class Rules(Frozen):
    """How text is written. Frozen.

    Attributes:
        start: The token that stands before the first.
        ends: The tokens that end a text.
        most: Most tokens, with the one before the first.
        least: Fewest tokens before the end, with the one before the first.
        beams: How many texts are followed side by side.
        length_penalty: The power of the length that a text's score is divided by.
        early: Whether to stop once there are as many whole texts as beams; ``"never"`` looks for
            better ones until none can be.
        apart: No row of that many tokens stands twice; 0 for no such rule.
        penalty: What the scores of tokens that stand already are divided by, 1 for nothing.
        banned: Tokens that never stand.
        first: The token that is forced to the first place.
        last: The token that is forced to the last possible place.
        prefix: What is put before a text.
    """

    __slots__ = (
        "apart",
        "banned",
        "beams",
        "early",
        "ends",
        "first",
        "last",
        "least",
        "length_penalty",
        "most",
        "penalty",
        "prefix",
        "start",
    )

    start: int
    ends: tuple[int, ...]
    most: int
    least: int
    beams: int
    length_penalty: float
    early: bool | str
    apart: int
    penalty: float
    banned: tuple[int, ...]
    first: int | None
    last: int | None
    prefix: str

    def __init__(self, facts: Mapping[str, Any]) -> None:
        """Keep the rules; `Rules.of` reads them."""
        for name in self.__slots__:
            _set(self, name, facts[name])

    @classmethod
    def of(cls, folder: ModelFolder) -> Rules:
        """Read the rules of a model: ``generation_config.json``, then those for summaries.

        Older folders have them in ``config.json``.

        Raises:
            InvalidInput: ``model.invalid`` where one is not followed here, or a needed one is
                missing.
        """
        config = folder.json("config.json")
        task = (config.get("task_specific_params") or {}).get(_TASK) or {}
        own = folder.json("generation_config.json") or config
        said = {**own, **task}
        for name, harmless in _NOT_FOLLOWED.items():
            if said.get(name) not in harmless:
                raise folder.unfit(
                    f"asks for {name}={said[name]!r}, a rule that is not followed here",
                    "take the rule out of generation_config.json if it may be left out",
                )
        known = {key: config[key] for key in _DEFAULTS if key.endswith("_id") and key in config}
        rules = (
            _DEFAULTS | known | {key: said[key] for key in _DEFAULTS if said.get(key) is not None}
        )
        start = rules["decoder_start_token_id"]
        start = rules["bos_token_id"] if start is None else start
        ends = rules["eos_token_id"]
        ends = tuple(ends) if isinstance(ends, list) else (ends,)
        if start is None or None in ends:
            raise folder.unfit("its files do not say how a text begins and ends")
        words = rules["bad_words_ids"] or []
        if any(len(word) != 1 for word in words):
            raise folder.unfit("bad_words_ids of several tokens are not followed here")
        fresh, few = rules["max_new_tokens"], rules["min_new_tokens"]
        return cls(
            {
                "start": int(start),
                "ends": tuple(int(one) for one in ends),
                "most": int(rules["max_length"] if fresh is None else fresh + 1),
                "least": int(rules["min_length"] if few is None else few + 1),
                "beams": int(rules["num_beams"]),
                "length_penalty": float(rules["length_penalty"]),
                "early": rules["early_stopping"],
                "apart": int(rules["no_repeat_ngram_size"]),
                "penalty": float(rules["repetition_penalty"]),
                "banned": (*(word[0] for word in words), *(rules["suppress_tokens"] or ())),
                "first": rules["forced_bos_token_id"],
                "last": rules["forced_eos_token_id"],
                "prefix": str(said.get("prefix") or ""),
            }
        )

    def but(self, **changes: Any) -> Rules:
        """Give these rules with others in place of some; None leaves one as it is."""
        facts = {name: getattr(self, name) for name in self.__slots__}
        changed = Rules(facts | {name: one for name, one in changes.items() if one is not None})
        for name, least in (("most", 2), ("least", 0), ("beams", 1)):
            value = getattr(changed, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise InvalidInput("input.invalid", f"{name} is {value!r}, below {least}")
        return changed

    def apply(self, written: list[int], scores: Floats) -> Floats:
        """Give the scores of the next token under the rules; what may not stand has -inf.

        Args:
            written: The tokens so far, with the one before the first.
            scores: ``(vocabulary,)``: logits, or their logarithms as shares.
        """
        import numpy as np

        forced = self.first if len(written) == 1 else None
        if len(written) == self.most - 1 and self.last is not None:
            forced = self.last
        if forced is not None:
            alone = np.full_like(scores, -np.inf)
            alone[forced] = 0
            return alone
        scores = scores.copy()
        if self.penalty != 1:
            there = sorted(set(written))
            kept = scores[there]
            scores[there] = np.where(kept < 0, kept * self.penalty, kept / self.penalty)
        if self.apart and len(written) + 1 >= self.apart:
            scores[self._repeating(written)] = -np.inf
        if self.banned:
            scores[list(self.banned)] = -np.inf
        if len(written) < self.least:
            scores[list(self.ends)] = -np.inf
        return scores

    def _repeating(self, written: list[int]) -> list[int]:
        """Name the tokens that would make a row of tokens stand twice."""
        size = self.apart
        tail = written[len(written) - size + 1 :]
        return [
            written[place + size - 1]
            for place in range(len(written) - size + 1)
            if written[place : place + size - 1] == tail
        ]
