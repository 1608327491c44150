"""Models that read a text and write another: summaries.

Owns: `Seq2Seq`, an encoder-decoder model (BART, Pegasus, T5 and their like) on ONNX Runtime. How
it writes is read from the model's files. Invariant: the same text gives the same summary, since
nothing is drawn by chance.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engram.checks import proper_str
from engram.embed.local.decoder import Decoder
from engram.embed.local.encoder import TextEncoder, checked_texts
from engram.embed.local.rules import Rules
from engram.embed.local.writing import beam_search, greedy
from engram.errors import InvalidInput

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

__all__ = ["Seq2Seq"]

_STEMS = ("encoder_model", "encoder_model_quantized", "encoder_model_int8")


class Seq2Seq:
    """A model that writes summaries, on ONNX Runtime.

    Lengths, beams, and tokens that are forced or may not repeat are those of the model's
    ``generation_config.json`` (of ``config.json`` in older folders), unless a call says otherwise.

    Args:
        source: The model's folder, or the name of an installed one. It holds ``encoder_model.onnx``
            and ``decoder_model.onnx``; with ``decoder_with_past_model.onnx`` beside it, or as
            ``decoder_model_merged.onnx``, no token is read twice.
        name: What to call the model; the folder's name, unless given.
        max_length: Most tokens that are read of a text; what is beyond is cut. As the model's
            files say, unless given.
        device: ``"cpu"``, ``"cuda"``, ``"coreml"``, ``"directml"``, or ``"auto"`` for the best
            that is there.
        threads: Threads of the processor; all that the process may use, unless given.

    Raises:
        Io: ``file.not_found`` where there is no such folder.
        NotFound: ``model.not_found`` where no model of that name is known, or installed.
        InvalidInput: ``model.invalid`` where its files do not make such a model, or ask for a way
            of writing that is not followed here.
        MissingExtra: ``extra.missing`` without ``engram[onnx]``.

    Example:
        >>> writer = engram.embed.Seq2Seq("models/distilbart-cnn-6-6")  # doctest: +SKIP
        >>> writer.summarize(article, max_tokens=60)  # doctest: +SKIP
    """

    __slots__ = ("_decoder", "_encoder", "_positions", "_rules")

    def __init__(
        self,
        source: str | os.PathLike[str],
        *,
        name: str | None = None,
        max_length: int | None = None,
        device: str = "auto",
        threads: int | None = None,
    ) -> None:
        """Load the graphs; they run once on a word."""
        self._encoder = TextEncoder(
            source,
            name=name,
            file=None,
            stems=_STEMS,
            max_length=max_length,
            device=device,
            threads=threads,
            batch_tokens=None,
        )
        folder = self._encoder.folder
        self._rules = Rules.of(folder)
        self._decoder = Decoder(folder, device, threads)
        self._positions = folder.json("config.json").get("max_position_embeddings")
        self.logits("a", [self._rules.start])

    @property
    def model(self) -> str:
        """The model's name."""
        return self._encoder.folder.name

    @property
    def device(self) -> str:
        """Where it runs: ``"cpu"``, ``"cuda"``, ``"coreml"`` or ``"directml"``."""
        return self._encoder.session.device

    @property
    def max_length(self) -> int:
        """Most tokens that are read of a text, special ones included."""
        return self._encoder.tokens.max_length

    @property
    def cached(self) -> bool:
        """Whether it keeps what it made of the tokens before, so that none is read twice."""
        return self._decoder.cached

    def summarize(
        self,
        text: str,
        max_tokens: int | None = None,
        min_tokens: int | None = None,
        *,
        beams: int | None = None,
    ) -> str:
        """Summarize a text.

        Args:
            text: The text. What is beyond `max_length` tokens of it is not read: `count_tokens`
                says how long it is, and the splitters of `engram.rag` make parts.
            max_tokens: Most tokens of the summary, special ones included; as the model's files
                say, unless given.
            min_tokens: Fewest tokens before it may end; as the model's files say, as far as
                `max_tokens` lets it, unless given.
            beams: How many summaries are followed side by side (beam search); 1 takes the
                likeliest token each time. As the model's files say, unless given.

        Returns:
            The summary, without special tokens and without blanks around it.

        Raises:
            InvalidInput: ``input.invalid`` for lengths the model cannot write.
        """
        written = self.generate(text, max_tokens, min_tokens, beams=beams)
        tokenizer = self._encoder.tokens.tokenizer
        return str(tokenizer.decode(written, skip_special_tokens=True)).strip()

    def summarize_batch(
        self,
        texts: Sequence[str],
        max_tokens: int | None = None,
        min_tokens: int | None = None,
        *,
        beams: int | None = None,
        progress: Callable[[int], None] | None = None,
    ) -> list[str]:
        """Summarize texts, one after the other, as `summarize` does.

        Args:
            texts: The texts.
            max_tokens: As of `summarize`.
            min_tokens: As of `summarize`.
            beams: As of `summarize`.
            progress: Called with the number of texts done so far, after each.

        Returns:
            The summaries, in the order of the texts.
        """
        summaries = []
        for text in checked_texts(texts):
            summaries.append(self.summarize(text, max_tokens, min_tokens, beams=beams))
            if progress is not None:
                progress(len(summaries))
        return summaries

    def generate(
        self,
        text: str,
        max_tokens: int | None = None,
        min_tokens: int | None = None,
        *,
        beams: int | None = None,
        length_penalty: float | None = None,
        early_stopping: bool | None = None,
    ) -> list[int]:
        """Write about a text, as `summarize` does, and give the tokens.

        Args:
            text: The text.
            max_tokens: As of `summarize`.
            min_tokens: As of `summarize`.
            beams: As of `summarize`.
            length_penalty: The power of its length that the score of a text is divided by, so
                that above 0 longer ones win; as the model's files say, unless given.
            early_stopping: Whether to stop at as many whole texts as beams; as the model's files
                say, unless given.

        Returns:
            The ids, from the one that stands before the first to the one that ends the text.
        """
        rules = self._rules.but(
            most=_one_more(max_tokens, "max_tokens"),
            least=_one_more(min_tokens, "min_tokens"),
            beams=beams,
            length_penalty=length_penalty,
            early=early_stopping,
        )
        if isinstance(self._positions, int) and rules.most > self._positions:
            raise InvalidInput(
                "input.invalid",
                f"max_tokens is {rules.most - 1}; model {self.model} has {self._positions} places",
                f"max_tokens={self._positions - 1} or less",
            )
        if min_tokens is None:
            rules = rules.but(least=min(rules.least, rules.most))
        if rules.least > rules.most:
            raise InvalidInput(
                "input.invalid",
                f"at least {rules.least - 1} and at most {rules.most - 1} tokens",
                "give max_tokens and min_tokens together",
            )
        passage = self._decoder.passage(*self._states(text))
        return (greedy if rules.beams == 1 else beam_search)(passage, rules)

    def count_tokens(self, text: str) -> int:
        """Count the tokens of a text, special ones included, beyond the limit too."""
        return self._encoder.tokens.count(self._rules.prefix + proper_str(text, "a text"))

    def encode(self, text: str) -> Floats:
        """Give what the encoder makes of a text: float32 ``(tokens, width)``."""
        states: Floats = self._states(text)[0][0]
        return states

    def logits(self, text: str, written: Sequence[int]) -> Floats:
        """Give the scores of the token that follows some: float32 ``(vocabulary,)``.

        Args:
            text: The text that is written about.
            written: The ids so far, from the one before the first.
        """
        passage = self._decoder.passage(*self._states(text))
        scores: Floats = passage.next([list(written)], [0])[0]
        return scores

    def _states(self, text: str) -> tuple[Floats, NDArray[np.int64]]:
        given = self._rules.prefix + proper_str(text, "a text")
        ((_, outputs, mask),) = self._encoder.run(self._encoder.tokens.ids([given]))
        found = outputs.get("last_hidden_state")
        return (next(iter(outputs.values())) if found is None else found), mask

    def __repr__(self) -> str:
        """Show model, device, limits and how it writes."""
        return (
            f"Seq2Seq(model={self.model!r}, device={self.device!r}, "
            f"threads={self._encoder.session.threads}, max_length={self.max_length}, "
            f"max_tokens={self._rules.most - 1}, beams={self._rules.beams}, cached={self.cached})"
        )


def _one_more(tokens: int | None, what: str) -> int | None:
    """Count the token before the first, as the rules do."""
    if tokens is None:
        return None
    if isinstance(tokens, bool) or not isinstance(tokens, int) or tokens < 1:
        raise InvalidInput("input.invalid", f"{what} is {tokens!r}, no number from 1 on")
    return tokens + 1
