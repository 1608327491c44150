"""Several ways to ask one question, and one list from several lists.

Owns: `MultiQueryRetrieval`. Fusion: G. Cormack, C. Clarke, S. Buettcher, "Reciprocal rank fusion
outperforms Condorcet and individual rank learning methods" (SIGIR 2009). The paraphrases by rule
are for English.
"""

from __future__ import annotations

import dataclasses
import re
from copy import copy
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeVar

from engram.checks import proper_str
from engram.errors import InvalidInput
from engram.llm import as_llm
from engram.records import Frozen, _thaw

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from engram.collection import Collection
    from engram.llm import LLM
    from engram.reading import CollectionView

    Searcher: TypeAlias = Collection | CollectionView | Callable[[str], Sequence[Any]]

__all__ = ["RRF_K", "MultiQueryRetrieval"]

RRF_K = 60
"""The constant of the paper's experiments: how little the first ranks count above the next."""

_PARAPHRASE = """\
Write {count} other ways to ask the question below, for a search engine: other words, other angles,
the parts of it if it has parts. One on each line, nothing else.

Question: {question}"""

_MARK = re.compile(r"^\s*(?:[-*\u2022]|\(?\d{1,2}[.):])\s*")
_QUESTION = re.compile(
    r"^(?:please\s+)?(?:(?:can|could|would|will)\s+(?:you|i|we|one)\s+(?:tell\s+me\s+|explain\s+)?"
    r"|(?:what|which|who|when|where|why|how)(?:\s+(?:is|are|was|were|do|does|did|can|could|should"
    r"|would|will|has|have|many|much|to))*\s+(?:(?:i|you|we|one|it|there)\s+)?"
    r"|(?:is|are|was|were|do|does|did|has|have)\s+(?:(?:i|you|we|one|it|there)\s+)?)",
    re.IGNORECASE,
)
_JOINTS = re.compile(
    r"\s*(?:[;?]\s+(?:and\s+|or\s+)?|,?\s+(?:and|or|versus|vs\.?)\s+)", re.IGNORECASE
)
_WORD = re.compile(r"\w+(?:[-'.]\w+)*")
_LEAST_PART_WORDS = 2
_WEAK_WORDS = """
    a about am an and any are as at be been by can could did do does for from had has have how i
    if in into is it its me my of on or our please should so some than that the their them then
    there these they this to us was we were what when where which who why will with would you
    your
"""
_WEAK = frozenset(_WEAK_WORDS.split())


class _Found(Protocol):
    @property
    def id(self) -> str: ...


_F = TypeVar("_F", bound=_Found)


class MultiQueryRetrieval:
    """Asks a question in several ways, and fuses what they find.

    Example:
        >>> from engram.rag import MultiQueryRetrieval
        >>> MultiQueryRetrieval().generate("How do I clean and store a tent?", 3)
        ['How do I clean and store a tent?', 'clean and store a tent', 'clean store tent']
    """

    def __init__(self, llm: LLM | Callable[[str], str] | None = None) -> None:
        """Take what writes the other questions.

        Args:
            llm: A language model, or a function from prompt to answer; None for a few rules, which
                drop the words of asking, keep only the words that say something, and take questions
                of several parts apart.

        Raises:
            InvalidInput: ``llm.invalid`` where it is neither.
        """
        self._llm = None if llm is None else as_llm(llm)

    def generate(self, question: str, n: int = 4) -> list[str]:
        """Give the question and other ways to ask it.

        Args:
            question: The question.
            n: How many in all at most, 1 or more. There are fewer where the model, or the rules,
                have no more to say.

        Returns:
            The question as it is, then the others, none twice.

        Raises:
            InvalidInput: ``input.invalid`` where an argument is none; ``llm.answer`` where the
                model's answer holds no question.
        """
        if not proper_str(question, "the question").strip():
            raise InvalidInput("input.invalid", "the question is empty")
        if n < 1:
            raise InvalidInput("input.invalid", f"n is {n}, below 1")
        if self._llm is None:
            others: Iterable[str] = _by_rule(question)
        else:
            others = self._asked(self._llm, question, n - 1) if n > 1 else ()
        seen: dict[str, str] = {}
        for one in (question, *others):
            seen.setdefault(" ".join(one.lower().strip(" ?.!").split()), one)
        return list(seen.values())[:n]

    @staticmethod
    def _asked(llm: LLM, question: str, count: int) -> list[str]:
        answer = llm.complete(_PARAPHRASE.format(count=count, question=question), temperature=0.7)
        lines = (_MARK.sub("", line).strip().strip('"').strip() for line in answer.splitlines())
        # A line that ends so leads to the questions, and is none.
        found = [line for line in lines if line and not line.endswith(":")]
        if not found:
            raise InvalidInput(
                "llm.answer",
                f"the model wrote no other way to ask {question!r}",
                "MultiQueryRetrieval() paraphrases by rule",
                {"answer": answer[:200]},
            )
        return found

    @staticmethod
    def retrieve(
        searcher: Searcher,
        queries: Sequence[str],
        k: int = 10,
        *,
        rrf_k: int = RRF_K,
        **options: Any,
    ) -> list[Any]:
        """Search for each query, and fuse what they find.

        Args:
            searcher: A collection, whose `query_many` answers all from one commit; or a function
                from a query to its hits, best first.
            queries: What to search for, such as `generate` gives.
            k: How many hits to give at most, and to ask a collection for with each query.
            rrf_k: See `reciprocal_rank_fusion`.
            **options: Other arguments of `Query` for a collection: ``where``, ``mode``, ...

        Returns:
            The hits, best first, with their fused scores.

        Raises:
            InvalidInput: ``input.invalid`` where an argument is none; else what the search raises.
        """
        if isinstance(queries, str):
            raise InvalidInput("input.invalid", "queries is one text", f"[{queries!r}]")
        if k < 1:
            raise InvalidInput("input.invalid", f"k is {k}, below 1")
        many = getattr(searcher, "query_many", None)
        if many is not None:
            found = many(queries, k=k, **options)
        elif callable(searcher):
            if options:
                names = ", ".join(options)
                raise InvalidInput(
                    "input.invalid",
                    f"{names} given with a function, which takes a query alone",
                    "let the function use them",
                )
            found = [searcher(query) for query in queries]
        else:
            raise InvalidInput(
                "input.invalid",
                f"{type(searcher).__name__} cannot be searched",
                "pass a collection, or a function from a query to its hits",
            )
        return MultiQueryRetrieval.reciprocal_rank_fusion(found, rrf_k)[:k]

    @staticmethod
    def reciprocal_rank_fusion(result_sets: Iterable[Iterable[_F]], k: int = RRF_K) -> list[_F]:
        """Make one list of several: each gives ``1 / (k + rank)`` to what it holds, ranks from 1.

        Args:
            result_sets: The lists, each best first, of objects with an ``id`` and a ``score``: hits
                of engram, results of `engram.compat.vecstore`, your own. Their scores are not read.
            k: The constant of the method, 0 or more (not a number of results): the larger, the less
                the first ranks count above the next.

        Returns:
            Every result once, as the first list has it but for its ``score``, which is the
            fused one; by falling score, ties by id.

        Raises:
            InvalidInput: ``input.invalid`` where `k` is negative, or a result has no id or score.
        """
        if k < 0:
            raise InvalidInput("input.invalid", f"k is {k}, below 0", f"k={RRF_K} is usual")
        scores: dict[str, float] = {}
        first: dict[str, _F] = {}
        for results in result_sets:
            for rank, (key, result) in enumerate(_once(results), 1):
                scores[key] = scores.get(key, 0.0) + 1 / (k + rank)
                first.setdefault(key, result)
        best = sorted(scores, key=lambda key: (-scores[key], key))
        return [_scored(first[key], scores[key]) for key in best]


def _once(results: Iterable[_F]) -> Iterator[tuple[str, _F]]:
    """Give each result of a list with its id, at its best rank only."""
    seen: set[str] = set()
    for result in results:
        key = getattr(result, "id", None)
        if not isinstance(key, str):
            raise InvalidInput("input.invalid", f"{type(result).__name__} has no id to fuse by")
        if key not in seen:
            seen.add(key)
            yield key, result


def _scored(result: _F, score: float) -> _F:
    """Give a copy of a result with another score."""
    made: Any
    try:
        if isinstance(result, Frozen):
            _, (kind, names, values) = result.__reduce__()
            pairs = dict(zip(names, values, strict=True)) | {"score": score}
            made = _thaw(kind, list(pairs), list(pairs.values()))
        elif dataclasses.is_dataclass(result):
            made = dataclasses.replace(result, score=score)
        else:
            made = copy(result)
            made.score = score
    except (AttributeError, TypeError) as cause:
        raise InvalidInput(
            "input.invalid", f"{type(result).__name__} has no score that could be set"
        ) from cause
    found: _F = made
    return found


def _by_rule(question: str) -> Iterator[str]:
    """Give other ways to ask, the closest first."""
    bare = _QUESTION.sub("", question.strip()).rstrip(" ?.!")
    yield bare if _WORD.search(bare) else question
    words = [word for word in _WORD.findall(bare) if word.lower() not in _WEAK]
    if words:
        yield " ".join(words)
    parts = [part.strip(" ?.!") for part in _JOINTS.split(question.strip())]
    parts = [_QUESTION.sub("", part) for part in parts]
    if len(parts) > 1:
        yield from (part for part in parts if len(_WORD.findall(part)) >= _LEAST_PART_WORDS)
