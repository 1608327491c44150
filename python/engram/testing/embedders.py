"""The contract of embedders.

Owns: `EmbedderContract`. Each of its tests is one promise that a collection relies on.
"""

from __future__ import annotations

from typing import Any

import engram
from engram.embed import Identity

__all__ = ["EmbedderContract"]

_SPOILT = "an embedder's promise is broken: "


class EmbedderContract:
    """Tests of any `engram.Embedder`; subclass it and give it a `make`.

    Attributes:
        texts: What is embedded; each of them is something the embedder should know.
        tolerance: By how much a text may differ beside other texts: rounding, not meaning.
    """

    texts: tuple[str, ...] = (
        "the quick brown fox jumps over the lazy dog",
        "a slow train crossed the long bridge before noon",
        "bread",
        "the quick brown fox jumps over the lazy dog " * 40,
        "Größe, naïve café — 東京",
    )
    tolerance: float = 1e-4

    def make(self) -> Any:
        """Give the embedder under test."""
        raise NotImplementedError(f"{type(self).__name__} has no make()")

    def test_it_has_an_identity(self) -> None:
        """The identity is stored with vectors, so that two models never mix."""
        model = self.make()
        identity = model.identity
        _promise(isinstance(identity, Identity), f"identity is {type(identity).__name__}")
        _promise(Identity.from_json(identity.to_json()) == identity, "its identity has no text")
        _promise(self.make().identity == identity, "made again it has another identity")

    def test_rows_have_the_dimension_and_are_finite(self) -> None:
        """One embedding a text, each as long as the identity says."""
        model = self.make()
        rows = self._rows(model, self.texts)
        _promise(len(rows) == len(self.texts), f"{len(rows)} rows for {len(self.texts)} texts")
        for row, text in zip(rows, self.texts, strict=True):
            _check(row, model.identity, text)

    def test_no_texts_are_no_rows(self) -> None:
        """An empty batch is an empty result, not an error."""
        _promise(len(self._rows(self.make(), ())) == 0, "an empty batch gave rows")

    def test_the_order_of_texts_is_the_order_of_rows(self) -> None:
        """Rows belong to their texts, in whatever order these come."""
        model = self.make()
        forward = self._rows(model, self.texts)
        backward = self._rows(model, self.texts[::-1])[::-1]
        self._same(forward, backward, "in another order")

    def test_a_text_comes_out_the_same_whatever_stands_beside_it(self) -> None:
        """What is stored today compares with what is stored tomorrow."""
        model = self.make()
        alone = [self._rows(model, (text,))[0] for text in self.texts]
        self._same(self._rows(model, self.texts), alone, "beside others")

    def test_the_same_text_comes_out_the_same_again(self) -> None:
        """A second model of the same identity makes the same vectors."""
        self._same(
            self._rows(self.make(), self.texts), self._rows(self.make(), self.texts), "again"
        )

    def test_texts_differ(self) -> None:
        """Different texts have different vectors."""
        first, second = self._rows(self.make(), self.texts[:2])
        _promise(_gap(first, second) > self.tolerance, "two texts have the same vector")

    def test_unit_length_is_as_declared(self) -> None:
        """Where the identity says normalized, each vector has unit length."""
        import numpy as np

        model = self.make()
        if not model.identity.normalized or _kind(model) == "sparse":
            return
        for row, text in zip(self._rows(model, self.texts), self.texts, strict=True):
            lengths = np.linalg.norm(np.atleast_2d(row), axis=1)
            kept = lengths[lengths > 0]
            good = bool(np.all(np.abs(kept - 1) < 1e-3))  # noqa: PLR2004 - float16 passes
            _promise(good, f"{text[:30]!r} has length {lengths[0]:.4f}, and says it is normalized")

    def test_a_query_is_one_embedding(self) -> None:
        """`encode_query`, where there is one, gives what `encode_batch` gives for one text."""
        model = self.make()
        encode = getattr(model, "encode_query", None)
        if encode is not None:
            _check(encode(self.texts[0]), model.identity, self.texts[0])

    def test_it_serves_a_collection(self) -> None:
        """A text that was put is found by itself, with the identity stored."""
        model = self.make()
        with engram.open(":memory:", embedder=model) as db:
            collection = db.collection("contract")
            rows = [{"id": str(i), "text": text} for i, text in enumerate(self.texts)]
            collection.put_many(rows)
            hits = collection.query(self.texts[1], mode="semantic", k=len(self.texts), exact=True)
            _promise(hits.ids[:1] == ["1"], "a text does not find itself")
            stored = collection.spaces()[0].identity
            _promise(stored == model.identity.to_json(), "another identity was stored")

    def _rows(self, model: Any, texts: tuple[str, ...]) -> list[Any]:
        return list(model.encode_batch(list(texts)))

    def _same(self, rows: list[Any], others: list[Any], how: str) -> None:
        for row, other, text in zip(rows, others, self.texts, strict=True):
            gap = _gap(row, other)
            good = gap <= self.tolerance
            _promise(
                good, f"{text[:30]!r} differs by {gap:.2g} {how} ({self.tolerance:.2g} allowed)"
            )


def _kind(model: Any) -> str:
    return str(getattr(model, "kind", "dense"))


def _check(row: Any, identity: Identity, text: str) -> None:
    """Check one embedding of any kind."""
    import numpy as np

    what = f"of {text[:30]!r}"
    if isinstance(row, dict):
        good = all(isinstance(word, int) and 0 <= word < identity.dimension for word in row)
        _promise(good, f"a word {what} is outside its vocabulary")
        _promise(
            all(0 < one < float("inf") for one in row.values()), f"a weight {what} is not above 0"
        )
        return
    array = np.asarray(row)
    _promise(array.dtype.kind == "f", f"the vector {what} is of {array.dtype}")
    _promise(
        array.shape[-1:] == (identity.dimension,), f"the vector {what} has shape {array.shape}"
    )
    _promise(bool(np.isfinite(array).all()), f"the vector {what} holds NaN or Inf")


def _gap(one: Any, other: Any) -> float:
    """The largest difference of two embeddings; infinite where their shapes differ."""
    import numpy as np

    if isinstance(one, dict):
        words = {*one, *other}
        return max((abs(one.get(w, 0.0) - other.get(w, 0.0)) for w in words), default=0.0)
    first, second = np.asarray(one, np.float64), np.asarray(other, np.float64)
    if first.shape != second.shape:
        return float("inf")
    return float(np.abs(first - second).max(initial=0.0))


def _promise(kept: bool, told: str) -> None:  # noqa: FBT001 - it reads as an assertion
    if not kept:
        raise AssertionError(_SPOILT + told)
