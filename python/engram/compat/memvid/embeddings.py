"""Providers of embeddings, as memvid-sdk has them: lists of floats in and out.

Owns: `EmbeddingProvider`, its classes by provider, and `get_embedder`. Each is a thin form of an
embedder of `engram.embed`, which is its ``embedder``; keys come from arguments or the environment.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from engram.compat.memvid.errors import EmbeddingFailedError, mapped
from engram.embed.identity import Identity

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from engram.types import Embedder

__all__ = [
    "CohereEmbeddings",
    "EmbeddingProvider",
    "GeminiEmbeddings",
    "HashEmbeddings",
    "HuggingFaceEmbeddings",
    "MistralEmbeddings",
    "NvidiaEmbeddings",
    "OllamaEmbeddings",
    "OpenAIEmbeddings",
    "VoyageEmbeddings",
    "get_embedder",
]


class EmbeddingProvider(ABC):
    """What a provider of your own has to offer."""

    @property
    @abstractmethod
    def dimension(self) -> int:
        """Length of its vectors."""

    @property
    @abstractmethod
    def model_name(self) -> str:
        """Name of its model: vectors of one name are taken to be comparable."""

    @abstractmethod
    def embed_documents(self, texts: Sequence[str]) -> list[list[float]]:
        """Embed texts, one vector each."""

    @abstractmethod
    def embed_query(self, text: str) -> list[float]:
        """Embed a question."""


class _Provider(EmbeddingProvider):
    """A provider that is an embedder of `engram.embed`."""

    embedder: Any

    @property
    def dimension(self) -> int:
        """Length of its vectors; a model that engram does not know is asked for one, once."""
        with mapped():
            return int(self.embedder.dimension)

    @property
    def model_name(self) -> str:
        """Name of its model."""
        return str(self.embedder.model)

    def embed_documents(self, texts: Sequence[str]) -> list[list[float]]:
        """Embed texts.

        Raises:
            MemvidError: MV015 where the provider fails, MV008 where there is no key.
        """
        with mapped():
            rows: list[list[float]] = self.embedder.encode_batch(list(texts)).tolist()
            return rows

    def embed_query(self, text: str) -> list[float]:
        """Embed a question.

        Raises:
            MemvidError: As `embed_documents`.
        """
        with mapped():
            row: list[float] = self.embedder.encode_query(text).tolist()
            return row


def _remote(name: str, model: str, key: str | None, **options: Any) -> Any:
    from engram.embed.remote import get_remote

    options["key"] = key
    given: Any = {name: value for name, value in options.items() if value is not None}
    with mapped():
        return get_remote(f"{name}:{model}", **given)


class OpenAIEmbeddings(_Provider):
    """OpenAI's models; the key is ``api_key`` or ``OPENAI_API_KEY``."""

    def __init__(
        self,
        api_key: str | None = None,
        model: str = "text-embedding-3-small",
        batch_size: int | None = None,
        base_url: str | None = None,
    ) -> None:
        """Take a model; nothing is sent."""
        self.embedder = _remote("openai", model, api_key, batch_size=batch_size, base_url=base_url)


class CohereEmbeddings(_Provider):
    """Cohere's models; questions and documents are marked as what they are."""

    def __init__(
        self,
        api_key: str | None = None,
        model: str = "embed-english-v3.0",
        base_url: str | None = None,
    ) -> None:
        """Take a model; nothing is sent."""
        self.embedder = _remote("cohere", model, api_key, base_url=base_url)


class VoyageEmbeddings(_Provider):
    """Voyage's models."""

    def __init__(
        self, api_key: str | None = None, model: str = "voyage-3", base_url: str | None = None
    ) -> None:
        """Take a model; nothing is sent."""
        self.embedder = _remote("voyage", model, api_key, base_url=base_url)


class NvidiaEmbeddings(_Provider):
    """NVIDIA's models; ``NVIDIA_API_KEY``, ``NVIDIA_BASE_URL``."""

    def __init__(
        self,
        api_key: str | None = None,
        base_url: str | None = None,
        model: str = "nvidia/nv-embed-v1",
        batch_size: int | None = None,
        truncate: str = "NONE",
        dimension: int | None = None,
    ) -> None:
        """Take a model; nothing is sent. Any ``truncate`` but NONE lets the provider cut texts."""
        self.embedder = _remote(
            "nvidia",
            model,
            api_key,
            base_url=base_url,
            batch_size=batch_size,
            truncate=truncate.upper() != "NONE",
            dimensions=dimension,
        )


class GeminiEmbeddings(_Provider):
    """Gemini's models; ``GEMINI_API_KEY`` or ``GOOGLE_API_KEY``."""

    def __init__(
        self,
        api_key: str | None = None,
        model: str = "text-embedding-004",
        base_url: str | None = None,
    ) -> None:
        """Take a model; nothing is sent."""
        self.embedder = _remote("gemini", model, api_key, base_url=base_url)


class MistralEmbeddings(_Provider):
    """Mistral's models."""

    def __init__(
        self,
        api_key: str | None = None,
        model: str = "mistral-embed",
        batch_size: int | None = None,
        base_url: str | None = None,
    ) -> None:
        """Take a model; nothing is sent."""
        self.embedder = _remote("mistral", model, api_key, batch_size=batch_size, base_url=base_url)


class OllamaEmbeddings(_Provider):
    """Models that Ollama runs on this machine or another."""

    def __init__(
        self,
        model: str = "nomic-embed-text",
        base_url: str | None = None,
        dimension: int | None = None,
    ) -> None:
        """Take a model; nothing is sent."""
        self.embedder = _remote("ollama", model, None, base_url=base_url, dimensions=dimension)


class HuggingFaceEmbeddings(_Provider):
    """A model that runs here: one that is installed, or a folder."""

    def __init__(self, model: str = "all-MiniLM-L6-v2", device: str | None = None) -> None:
        """Load a model; nothing is fetched.

        Raises:
            MemvidError: MV015 where it is not installed; the hint is the command that installs it.
        """
        from engram.embed import get_embedder as local

        with mapped(EmbeddingFailedError):
            self.embedder = local(model, device=device or "auto")


class HashEmbeddings(_Provider):
    """Vectors of hashed words: for tests, offline, the same everywhere."""

    def __init__(self, dimension: int = 32) -> None:
        """Make one."""
        from engram.embed import Hash

        with mapped():
            self.embedder = Hash(dimension)


_PROVIDERS: dict[str, type[_Provider]] = {
    "openai": OpenAIEmbeddings,
    "cohere": CohereEmbeddings,
    "voyage": VoyageEmbeddings,
    "nvidia": NvidiaEmbeddings,
    "gemini": GeminiEmbeddings,
    "mistral": MistralEmbeddings,
    "ollama": OllamaEmbeddings,
    "huggingface": HuggingFaceEmbeddings,
    "hash": HashEmbeddings,
}


def get_embedder(
    provider: str = "openai", model: str | None = None, api_key: str | None = None, **options: Any
) -> EmbeddingProvider:
    """Make a provider by name.

    Raises:
        ValueError: For a name that is none; it lists those there are.
        MemvidError: As the provider's class.
    """
    if provider not in _PROVIDERS:
        raise ValueError(f"no provider {provider!r}; one of: {', '.join(sorted(_PROVIDERS))}")
    given = {"model": model, "api_key": api_key, **options}
    return _PROVIDERS[provider](**{name: one for name, one in given.items() if one is not None})


class _Adapted:
    """A provider of the user's as an embedder of engram."""

    def __init__(self, provider: Any) -> None:
        self.provider = provider
        self.identity = Identity(
            str(provider.model_name), "memvid", int(provider.dimension), normalized=False
        )

    def encode_batch(self, texts: Sequence[str]) -> NDArray[np.float32]:
        import numpy as np

        return np.asarray(self.provider.embed_documents(list(texts)), dtype=np.float32)

    def encode_query(self, text: str) -> NDArray[np.float32]:
        import numpy as np

        return np.asarray(self.provider.embed_query(text), dtype=np.float32)


def embedder_of(provider: Any) -> Embedder:
    """Give a provider, of here or of the user's own, as an embedder of engram."""
    if isinstance(provider, _Provider):
        own: Embedder = provider.embedder
        return own
    if hasattr(provider, "encode_batch"):
        given: Embedder = provider
        return given
    return _Adapted(provider)
