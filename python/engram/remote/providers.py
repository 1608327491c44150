"""The providers: where they answer, and where their keys come from.

Owns: `Provider`, the table `PROVIDERS`, splitting ``"provider:model"``, and `Key`. Invariant: the
environment is read when a model is made, never at import.
"""

from __future__ import annotations

import difflib
import os
import re
from typing import NamedTuple, NoReturn
from urllib.parse import quote

from engram.errors import InvalidInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["PROVIDERS", "Key", "Provider", "azure_place", "find_provider", "split_name"]


class Provider(NamedTuple):
    """One provider of models."""

    name: str
    base_url: str | None
    """Where it answers; None where only the caller can know."""
    url_variable: str | None = None
    """The environment variable that says otherwise."""
    url_suffix: str = ""
    """What is added to a URL of that variable, or of the caller, where it is missing."""
    key_variables: tuple[str, ...] = ()
    """Environment variables of the key, the first set one counts."""
    key_header: str = "authorization"
    key_prefix: str = "Bearer "
    key_needed: bool = True
    headers: tuple[tuple[str, str], ...] = ()
    """What every request carries."""
    model_variable: str | None = None
    """The environment variable that names the language model where the caller does not."""


PROVIDERS = {
    provider.name: provider
    for provider in (
        Provider("openai", "https://api.openai.com/v1", "OPENAI_BASE_URL", "", ("OPENAI_API_KEY",)),
        # The API "v1" of Azure: deployments are named like models. With `api_version`, the older
        # one: see `azure_place`.
        Provider(
            "azure",
            None,
            "AZURE_OPENAI_ENDPOINT",
            "/openai/v1",
            ("AZURE_OPENAI_API_KEY",),
            "api-key",
            "",
        ),
        Provider(
            "nvidia",
            "https://integrate.api.nvidia.com/v1",
            "NVIDIA_BASE_URL",
            "",
            ("NVIDIA_API_KEY",),
            model_variable="NVIDIA_LLM_MODEL",
        ),
        Provider(
            "anthropic",
            "https://api.anthropic.com/v1",
            "ANTHROPIC_BASE_URL",
            "/v1",
            ("ANTHROPIC_API_KEY",),
            headers=(("anthropic-version", "2026-10-21"),),
        ),
        Provider(
            "gemini",
            "https://generativelanguage.googleapis.com/v1",
            None,
            "",
            ("GEMINI_API_KEY", "GOOGLE_API_KEY"),
            "x-goog-api-key",
            "",
        ),
        Provider("mistral", "https://api.mistral.ai/v1", None, "", ("MISTRAL_API_KEY",)),
        Provider("cohere", "https://api.cohere.com/v2", None, "", ("CO_API_KEY", "COHERE_API_KEY")),
        Provider("voyage", "https://api.voyageai.com/v1", None, "", ("VOYAGE_API_KEY",)),
        Provider("jina", "https://api.jina.ai/v1", None, "", ("JINA_API_KEY",)),
        Provider(
            "ollama",
            "http://localhost:11434",
            "OLLAMA_HOST",
            "",
            ("OLLAMA_API_KEY",),
            key_needed=False,
        ),
        Provider("huggingface", "https://router.huggingface.co", None, "", ("HF_TOKEN",)),
        # Any server that speaks the protocol of OpenAI: vLLM, llama.cpp, LM Studio, gateways.
        Provider("compatible", None, key_needed=False),
    )
}
"""By name. What each can do is in the tables of `engram.llm`, `engram.embed.remote` and
`engram.rerank.remote`."""


class Key:
    """An API key. Shows, pickles and compares as nothing."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Give the key itself, for the one header it goes into."""
        return self._value

    def scrub(self, text: str) -> str:
        """Take the key out of a text of the provider's."""
        return text.replace(self._value, "***")

    def __repr__(self) -> str:
        return "Key(***)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a key is not pickled: make the model again where it is needed")


def find_provider(name: str, able: Collection[str], purpose: str) -> Provider:
    """Find a provider among those that serve a purpose.

    Raises:
        InvalidInput: ``provider.unknown``; the hint names the nearest.
    """
    if name in able:
        return PROVIDERS[name]
    near = difflib.get_close_matches(name.lower(), able, n=3, cutoff=0.4)
    known = name in PROVIDERS
    raise InvalidInput(
        "provider.unknown",
        f"{name} offers no {purpose} here" if known else f"unknown provider {name!r} for {purpose}",
        f"did you mean {' or '.join(near)}?" if near and not known else f"one of {', '.join(able)}",
        {"provider": name, "known": ", ".join(able)},
    )


def split_name(name: str) -> tuple[str, str | None]:
    """Split ``"provider:model"`` at its first colon; a model's own name may have more of them."""
    if not isinstance(name, str) or not name.strip():
        raise InvalidInput("input.invalid", f"{name!r} names no model", '"provider:model"')
    provider, _, model = name.partition(":")
    return provider.strip(), model.strip() or None


def model_name(provider: Provider, model: str | None) -> str:
    """Give the model's name: the caller's, or that of the provider's environment variable.

    Raises:
        InvalidInput: ``input.invalid`` where there is neither.
    """
    variable = provider.model_variable
    found = model or (os.environ.get(variable) if variable else None)
    if found:
        return found
    also = f", or set {variable}" if variable else ""
    raise InvalidInput(
        "input.invalid",
        f"no model of {provider.name} is named",
        f'write "{provider.name}:<model>"{also}',
    )


def find_key(provider: Provider, given: str | None) -> Key | None:
    """Give the key of the caller, or of the environment.

    Raises:
        InvalidInput: ``remote.key`` where the provider needs one and there is none.
    """
    for value in (given, *(os.environ.get(name) for name in provider.key_variables)):
        if value and value.strip():
            return _checked(value.strip(), provider)
    if not provider.key_needed:
        return None
    variables = " or ".join(provider.key_variables)
    raise InvalidInput(
        "remote.key",
        f"{provider.name} needs a key",
        f"set {variables}, or pass key=",
        {"provider": provider.name, "variables": variables},
    )


def _checked(value: str, provider: Provider) -> Key:
    """Refuse what no header can carry here: the HTTP client's own error would show it."""
    if not value.isascii() or not value.isprintable():
        raise InvalidInput(
            "remote.key", f"the key for {provider.name} holds characters that no key has"
        )
    return Key(value)


def find_url(provider: Provider, given: str | None) -> str:
    """Give the base URL of the caller, the environment or the table, without a slash at its end.

    Raises:
        InvalidInput: ``input.invalid`` where there is none, it is no http(s) URL, or it holds a
            user name or a password.
    """
    variable = provider.url_variable
    url = given or (os.environ.get(variable) if variable else None)
    if url is None:
        if provider.base_url is None:
            also = f"set {variable}, or " if variable else ""
            raise InvalidInput(
                "input.invalid", f"{provider.name} needs a URL", f"{also}pass base_url="
            )
        return provider.base_url
    url = url.strip().rstrip("/")
    if provider.name == "ollama" and "://" not in url:
        url = f"http://{url}"  # OLLAMA_HOST is documented as host:port
    scheme, _, rest = url.partition("://")
    if scheme not in {"http", "https"} or not rest or "@" in rest.partition("/")[0]:
        raise InvalidInput(
            "input.invalid",
            f"the URL for {provider.name} is no http:// or https:// URL without a password",
            "https://host/path; the key goes into key= or the environment",
        )
    return url if url.endswith(provider.url_suffix) else url + provider.url_suffix


def azure_place(provider: Provider, url: str, model: str, version: str | None) -> tuple[str, str]:
    """Give the base URL and what ends each URL, for the dated APIs of Azure.

    Args:
        provider: Whose URL it is.
        url: As `find_url` gives it.
        model: The deployment.
        version: Of the caller, for example ``"2024-10-21"``; None for that of the environment
            variable ``OPENAI_API_VERSION``, and ``"v1"`` for the API without dates.

    Raises:
        InvalidInput: ``input.invalid`` for what is no version, or a version for another provider.
    """
    if provider.name != "azure":
        if version is not None:
            raise InvalidInput("input.invalid", f"{provider.name} has no api_version")
        return url, ""
    version = version or os.environ.get("OPENAI_API_VERSION") or "v1"
    if version == "v1":
        return url, ""
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}(-preview)?", version):
        raise InvalidInput(
            "input.invalid", f"api_version is {version!r}", '"2024-10-21", or "v1" for no date'
        )
    endpoint = url.removesuffix(provider.url_suffix)
    return f"{endpoint}/openai/deployments/{quote(model, safe='')}", f"?api-version={version}"
