"""Searching with an answer that a model made up.

Owns: `HyDE`. Method: L. Gao, X. Ma, J. Lin, J. Callan, "Precise zero-shot dense retrieval without
relevance labels" (ACL 2023): what is searched for is the mean of the vectors of hypothetical
documents and of the question.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engram.checks import proper_str
from engram.errors import InvalidInput
from engram.llm import as_llm
from engram.rag.prompts import PromptTemplate
from engram.rag.vectors import document_vectors, query_vector

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from engram.llm import LLM
    from engram.reading import CollectionView
    from engram.results import Results

__all__ = ["HyDE"]

_PROMPT = "Write a short passage that answers the question, as a reference work would. {question}"
_TEXT_SPACE = "text"
_TEMPERATURE = 0.7
"""The paper's: its passages are to differ from each other."""


class HyDE:
    """Lets a model answer a question, right or wrong, and searches for texts like the answer.

    It helps where questions and documents are worded differently. The answer itself is not shown to
    anybody; what comes back is real records.
    """

    def __init__(
        self,
        llm: LLM | Callable[[str], str],
        *,
        documents: int = 1,
        prompt: str = _PROMPT,
    ) -> None:
        """Take what writes the answers.

        Args:
            llm: A language model, or a function from prompt to answer.
            documents: How many answers to write for a question, 1 or more.
            prompt: What to ask, a `PromptTemplate` with the variable ``question``.

        Raises:
            InvalidInput: ``llm.invalid``, ``input.invalid``, ``template.invalid``.
        """
        self._llm = as_llm(llm)
        if documents < 1:
            raise InvalidInput("input.invalid", f"documents is {documents}, below 1")
        self._documents = documents
        self._prompt = PromptTemplate(prompt)
        self._prompt.format({"question": ""})

    def write(self, question: str) -> list[str]:
        """Let the model answer.

        Raises:
            InvalidInput: ``llm.answer`` where an answer is empty.
        """
        prompt = self._prompt.format({"question": proper_str(question, "the question")})
        answers = [
            self._llm.complete(prompt, temperature=_TEMPERATURE).strip()
            for _ in range(self._documents)
        ]
        if not all(answers):
            raise InvalidInput("llm.answer", f"the model wrote no answer to {question!r}")
        return answers

    def search(self, collection: CollectionView, question: str, **options: Any) -> Results:
        """Search a collection for what the answers are like.

        The words of the question are searched for as ever; only the vector is another. Pass
        ``mode="semantic"`` for the vector alone.

        Args:
            collection: The collection; its embedder embeds the answers.
            question: The question.
            **options: The other arguments of `Query`: ``k``, ``where``, ``mode``, ...

        Raises:
            InvalidInput: ``embedder.missing`` where the collection has no embedder;
                ``llm.answer``; what `query` raises.
        """
        import numpy as np

        embedder = collection._embedder()
        if embedder is None:
            raise InvalidInput(
                "embedder.missing",
                "the answers need vectors, and the collection has no embedder",
                "open the database with the embedder that filled it",
            )
        _, answers = document_vectors(embedder, self.write(question))
        vectors = np.concatenate([answers, query_vector(embedder, question)])
        if not len(vectors):
            return collection.query(question, **options)
        words = None if options.get("mode") == "semantic" else question
        vector = vectors.mean(axis=0)
        return collection.query(words, vector=vector, vector_name=_TEXT_SPACE, **options)
