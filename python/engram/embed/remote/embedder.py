"""Embedding through a provider.

Owns: `RemoteEmbedder` and `get_remote`. Invariants: rows have unit length, whatever the provider
gives, so that dot product and cosine agree; a blank text has a row of zeros and is never sent;
equal texts are sent once.
"""

from __future__ import annotations

from collections import Counter

from engram.embed.identity import Identity
from engram.embed.remote.cache import VectorCache
from engram.embed.remote.reports import Encoded, Failure, raised
from engram.embed.remote.sending import Sending
from engram.embed.remote.wires import WIRES, Ask
from engram.errors import InvalidInput
from engram.remote.budget import Usage
from engram.remote.calling import Caller, estimated_tokens
from engram.remote.cutting import cut_for
from engram.remote.model import RemoteModel
from engram.remote.providers import find_provider, model_name, split_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Sequence
    from typing import Any

    import numpy as np
    from numpy.typing import NDArray
    from typing_extensions import Unpack

    from engram.embed.remote.options import RemoteOptions
    from engram.embed.remote.wires import Role
    from engram.remote.options import Connection

__all__ = ["RemoteEmbedder", "get_remote"]

_PROBE = "dimension"


class RemoteEmbedder(RemoteModel):
    """A provider's embedding model. Safe for threads, which share its limits and its budget.

    Example:
        >>> from engram.embed.remote import RemoteEmbedder
        >>> model = RemoteEmbedder("openai", "text-embedding-3-small", key="...", dimensions=512)
        >>> model.identity.name
        'openai:text-embedding-3-small'
    """

    def __init__(  # noqa: PLR0913 - what a model can be told
        self,
        provider: str,
        model: str,
        *,
        dimensions: int | None = None,
        truncate: bool = False,
        query_prefix: str = "",
        document_prefix: str = "",
        revision: str = "",
        batch_size: int | None = None,
        threads: int = 4,
        cache: str | os.PathLike[str] | None = None,
        **connection: Unpack[Connection],
    ) -> None:
        """Make an embedder. Nothing is sent.

        Args:
            provider: One of openai, azure, nvidia, cohere, voyage, gemini, mistral, ollama,
                huggingface, compatible.
            model: The provider's name for the model; on Azure, of the deployment.
            dimensions: Length of the vectors, for models that can shorten theirs; None for the
                model's own.
            truncate: Whether the provider may cut texts that are too long; otherwise it refuses
                them, so that no end of a text is lost unseen.
            query_prefix: Put before each query, for models that were trained with one and a
                provider that does not add it (``"search_query: "`` of nomic, ``"query: "`` of e5).
            document_prefix: Put before each document. Part of the identity.
            revision: What you know about the model's version; part of the identity.
            batch_size: Texts in a request at most; None for the provider's own limit.
            threads: Requests under way at once, 1 or more.
            cache: Path of an engram file that keeps vectors, and the SHA-256 of their texts, so
                that the same text is not paid for twice; None for no cache.
            connection: Key, base URL, limits, retries, budget, time-out: see `Connection`.

        Raises:
            InvalidInput: ``provider.unknown``, ``remote.key`` where there is no key,
                ``input.invalid`` where the provider has no such option.
        """
        self._caller = Caller(find_provider(provider, WIRES, "embeddings"), model, **connection)
        self._wire = WIRES[provider]
        if dimensions is not None and (dimensions < 1 or not self._wire.shortens):
            raise InvalidInput(
                "input.invalid",
                f"{provider} cannot give {dimensions} dimensions",
                "leave dimensions out, or take a provider that shortens vectors",
            )
        if truncate and not self._wire.truncates:
            raise InvalidInput(
                "input.invalid",
                f"{provider} does not truncate on request",
                "split long texts: see engram.rag",
            )
        if threads < 1 or (batch_size is not None and batch_size < 1):
            raise InvalidInput("input.invalid", "threads and batch_size are 1 or more")
        self._dimensions = dimensions
        self._truncate = truncate
        self._prefixes = {"query": query_prefix, "document": document_prefix}
        self._revision = "|".join(filter(None, [revision, document_prefix]))
        self._most_texts = min(batch_size or self._wire.most_texts, self._wire.most_texts)
        self._threads = threads
        self._cache = None if cache is None else VectorCache(cache)
        known = dimensions or self._wire.known.get(model)
        self._identity = None if known is None else self._identified(known)

    @property
    def identity(self) -> Identity:
        """``provider:model``, revision, dimension. Unit length.

        Where the dimension is neither given nor known, the first use asks the provider for the
        vector of one word.
        """
        if self._identity is None:
            rows, _usage = self._send([_PROBE], "document", None)
            self._identity = self._identified(rows.shape[1])
        return self._identity

    @property
    def dimension(self) -> int:
        """Length of its vectors."""
        return self.identity.dimension

    def encode(self, text: str) -> NDArray[np.float32]:
        """Embed one document; see `encode_document`."""
        return self.encode_document(text)

    def encode_query(self, text: str) -> NDArray[np.float32]:
        """Embed a query, as the provider wants queries marked.

        Returns:
            float32 ``(dimension,)``, unit length; zeros for a blank text.
        """
        return self._one(text, "query")

    def encode_document(self, text: str) -> NDArray[np.float32]:
        """Embed a document, as the provider wants documents marked.

        Returns:
            float32 ``(dimension,)``, unit length; zeros for a blank text.
        """
        return self._one(text, "document")

    def encode_batch(
        self, texts: Sequence[str], progress: Callable[[int], None] | None = None
    ) -> NDArray[np.float32]:
        """Embed many documents, or raise.

        Args:
            texts: The texts.
            progress: Called after each batch with the number of texts done so far.

        Returns:
            float32 ``(len(texts), dimension)``, C-order, rows of unit length; zeros for blanks.

        Raises:
            EngramError: ``remote.partial`` where some texts failed; the error of the first one
                where all did. What succeeded is in the cache, if there is one.
        """
        encoded = self.encode_report(texts, progress=progress)
        if encoded.failures:
            raise raised(encoded)
        return encoded.vectors

    def encode_report(
        self,
        texts: Sequence[str],
        *,
        role: Role = "document",
        progress: Callable[[int], None] | None = None,
    ) -> Encoded:
        """Embed many texts, and say what became of each.

        Args:
            texts: The texts.
            role: ``"document"`` or ``"query"``.
            progress: Called after each batch with the number of texts done so far.

        Returns:
            The vectors, which texts failed and why, and what it took.
        """
        import numpy as np

        _check_texts(texts)
        dimension = self.identity.dimension
        # One entry for each text that has to be known, in the order of its first place.
        wanted = list(dict.fromkeys(text for text in texts if text.strip()))
        found = self._cached(wanted, role)
        missing = [text for text in wanted if text not in found]
        cached = sum(text in found for text in texts)
        places = Counter(texts)
        count = cached + len(texts) - sum(places[text] for text in wanted)  # cached, and blank
        spent: list[Usage] = []

        def send(batch: Sequence[str]) -> NDArray[np.float32]:
            rows, usage = self._send(batch, role, dimension)
            spent.append(usage)
            return rows

        def done(indices: Sequence[int], rows: NDArray[np.float32]) -> None:
            nonlocal count
            fresh = {missing[index]: row for index, row in zip(indices, rows)}
            found.update(fresh)
            count += sum(places[text] for text in fresh)
            if self._cache is not None:
                self._cache.put(self._kind(role), dimension, fresh)
            if progress is not None:
                progress(count)

        sending = Sending(missing, send, done)
        batches = cut_for(
            self._caller.limits,
            missing,
            most_texts=self._most_texts,
            most_tokens=self._wire.most_tokens,
        )
        sending.run(batches, self._threads)
        failed = {missing[index]: error for index, error in sending.failures.items()}
        vectors = np.zeros((len(texts), dimension), dtype=np.float32)
        for index, text in enumerate(texts):
            if text in found:
                vectors[index] = found[text]
        return Encoded(
            vectors,
            [Failure(index, failed[text]) for index, text in enumerate(texts) if text in failed],
            cached,
            sending.requests,
            sum(spent, Usage()),
        )

    def close(self) -> None:
        """Close connections and cache. The next use opens them again."""
        super().close()
        if self._cache is not None:
            self._cache.close()

    def __repr__(self) -> str:
        """Show the model, and the dimension where it is known. Never asks, never shows the key."""
        known = "?" if self._identity is None else self._identity.dimension
        return f"RemoteEmbedder({self._caller.name!r}, dimension={known})"

    def _identified(self, dimension: int) -> Identity:
        return Identity(self._caller.name, self._revision, dimension, normalized=True)

    def _one(self, text: str, role: Role) -> NDArray[np.float32]:
        if not isinstance(text, str):
            raise InvalidInput("input.invalid", f"a text is {type(text).__name__}, not str")
        encoded = self.encode_report([text], role=role)
        if encoded.failures:
            raise encoded.failures[0].error
        row: NDArray[np.float32] = encoded.vectors[0]
        return row

    def _cached(self, texts: Sequence[str], role: Role) -> dict[str, NDArray[np.float32]]:
        if self._cache is None:
            return {}
        return self._cache.get(self._kind(role), self.identity.dimension, texts)

    def _kind(self, role: Role) -> str:
        """Say what besides the text decides about a vector."""
        return repr((self.identity.to_json(), role, self._prefixes[role], self._truncate))

    def _send(
        self, texts: Sequence[str], role: Role, dimension: int | None
    ) -> tuple[NDArray[np.float32], Usage]:
        """Send one request, and check its rows; `dimension` None takes what comes."""
        sent = [self._prefixes[role] + text for text in texts]
        ask = Ask(self._caller.model, sent, role, self._dimensions, self._truncate)

        def read(answer: Any) -> tuple[NDArray[np.float32], Usage | None]:
            rows, usage = self._wire.read(answer)
            return _unit(rows, len(texts), dimension), usage

        return self._caller.post(
            self._caller.path(self._wire.path),
            self._wire.body(ask),
            expected=Usage(sum(map(estimated_tokens, sent))),
            read=read,
        )


def get_remote(name: str, **options: Unpack[RemoteOptions]) -> RemoteEmbedder:
    """Make the embedder of a provider's model.

    Args:
        name: ``"provider:model"``, for example ``"openai:text-embedding-3-small"``.
        options: As for `RemoteEmbedder`.

    Raises:
        InvalidInput: ``provider.unknown`` naming the nearest, ``remote.key`` where there is no key.
    """
    provider, model = split_name(name)
    found = find_provider(provider, WIRES, "embeddings")
    # The variable of a provider names its language model, which embeds nothing.
    return RemoteEmbedder(
        found.name, model_name(found._replace(model_variable=None), model), **options
    )


def _check_texts(texts: Sequence[str]) -> None:
    if isinstance(texts, str):
        raise InvalidInput(
            "input.invalid", "encode_batch takes a sequence of texts, not one text", "encode()"
        )
    for index, text in enumerate(texts):
        if not isinstance(text, str):
            raise InvalidInput("input.invalid", f"text {index} is {type(text).__name__}, not str")


def _unit(rows: list[Any], count: int, dimension: int | None) -> NDArray[np.float32]:
    """Check what a provider gave, and bring it to unit length.

    Raises:
        ValueError: Where it is not one finite vector of the right length for each text.
    """
    import numpy as np

    matrix = np.asarray(rows, dtype=np.float64)
    if matrix.ndim != 2 or len(matrix) != count or 0 in matrix.shape:  # noqa: PLR2004 - a matrix
        raise ValueError(f"vectors of shape {matrix.shape} for {count} texts")
    if dimension is not None and matrix.shape[1] != dimension:
        raise ValueError(f"vectors of {matrix.shape[1]} dimensions instead of {dimension}")
    if not np.isfinite(matrix).all():
        raise ValueError("a vector with NaN or Inf")
    lengths = np.linalg.norm(matrix, axis=1, keepdims=True)
    return (matrix / np.where(lengths == 0, 1, lengths)).astype(np.float32)
