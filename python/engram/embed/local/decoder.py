"""The graphs that write: a decoder, with what it keeps of the tokens before.

Owns: `Decoder`. Three layouts of the hub are read: ``decoder_model`` with
``decoder_with_past_model``, ``decoder_model_merged``, and ``decoder_model`` alone, which reads all
tokens again for each new one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engram.embed.local.session import Session

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from engram.embed.local.folder import ModelFolder

    Floats = NDArray[np.float32]

__all__ = ["Decoder", "Passage"]

_PLACES = ("", "onnx/")
_FORMS = ("", "_quantized", "_int8")
_PAST, _PRESENT = "past_key_values", "present"
_SWITCH = "use_cache_branch"


class Decoder:
    """The decoder of a folder.

    Attributes:
        first: The graph for the first token.
        further: The graph for the others, which takes what was kept; None where there is none.
    """

    __slots__ = ("_merged", "first", "further")

    def __init__(self, folder: ModelFolder, device: str, threads: int | None) -> None:
        """Load what the folder has."""
        plain, past = _graph(folder, "decoder_model"), _graph(folder, "decoder_with_past_model")
        merged = _graph(folder, "decoder_model_merged")
        self._merged = merged is not None and (plain is None or past is None)
        path = merged if self._merged else plain
        if path is None:
            raise folder.unfit(
                "has no decoder_model.onnx", "an encoder-decoder model as the hub has it in ONNX"
            )
        self.first = Session(path, device, threads, aside=False)
        self.further: Session | None = None
        if self._merged:
            self.further = self.first
        elif past is not None and any(name.startswith(_PRESENT) for name in self.first.outputs):
            self.further = Session(past, device, threads, aside=False)

    @property
    def cached(self) -> bool:
        """Say whether it keeps what it made of the tokens before."""
        return self.further is not None

    def passage(self, states: Floats, mask: NDArray[np.int64]) -> Passage:
        """Begin to write about one text: its states ``(1, tokens, width)`` and their mask."""
        return Passage(self, states, mask)


class Passage:
    """One text while it is written about; a `Writer`."""

    __slots__ = ("_decoder", "_kept", "_mask", "_states")

    def __init__(self, decoder: Decoder, states: Floats, mask: NDArray[np.int64]) -> None:
        self._decoder = decoder
        self._states = states
        self._mask = mask
        self._kept: dict[str, Any] = {}

    def next(self, written: list[list[int]], parents: list[int]) -> Floats:
        """Give the logits of the next token of each text: ``(texts, vocabulary)``."""
        last: Floats = self.logits(written, parents)[:, -1]
        return last

    def logits(self, written: list[list[int]], parents: list[int]) -> Floats:
        """Give the logits of the last tokens, or of all where nothing is kept."""
        import numpy as np

        decoder, many = self._decoder, len(written)
        ids = np.array(written, dtype=np.int64)
        further = decoder.further if self._kept else None
        feeds: dict[str, Any] = {
            "input_ids": ids if further is None else ids[:, -1:],
            "encoder_hidden_states": np.repeat(self._states, many, axis=0),
            "encoder_attention_mask": np.repeat(self._mask, many, axis=0),
            _SWITCH: np.array([further is not None]),
        }
        if further is not None:
            # What is kept of the other text is the same for all beams.
            feeds |= {
                name: kept if ".encoder." in name else kept[parents]
                for name, kept in self._kept.items()
            }
        elif decoder._merged:
            feeds |= {name: _nothing(decoder.first, name, many) for name in _pasts(decoder.first)}
        session = further or decoder.first
        outputs = session.run(feeds)
        if decoder.further is not None:
            for name in _pasts(decoder.further):
                found = outputs.get(name.replace(_PAST, _PRESENT))
                # Further runs give what they keep of the other text empty, or not at all.
                if found is not None and (further is None or ".encoder." not in name):
                    self._kept[name] = found
        return outputs["logits"]


def _pasts(session: Session) -> list[str]:
    return [name for name in session.inputs if name.startswith(_PAST)]


def _nothing(session: Session, name: str, many: int) -> Floats:
    """Give an input of what is kept before there is anything: no token long."""
    import numpy as np

    heads, width = session.shape(name)[1], session.shape(name)[3]
    return np.zeros((many, heads, 0, width), dtype=np.float32)  # type: ignore[arg-type]


def _graph(folder: ModelFolder, stem: str) -> Path | None:
    """Find a graph in the usual places, whole before quantized."""
    names = (f"{place}{stem}{form}.onnx" for form in _FORMS for place in _PLACES)
    return next((folder.path / name for name in names if folder.has(name)), None)
