"""One provider, one model, one connection: requests with limits, retries and a budget.

Owns: `Caller`. Invariants: a request is sent only after the limits and the budget let it; one that
fails for a passing reason is sent again as `Retries` says; every failure leaves as an
`EngramError`; after a fork the child makes connections of its own. Safe for threads.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
import weakref
from typing import TypeVar
from urllib.parse import quote

from engram.errors import EngramError, InvalidInput, _missing_extra
from engram.remote.budget import Ledger, Usage
from engram.remote.limits import Limits
from engram.remote.providers import azure_place, find_key, find_url
from engram.remote.refusals import Refusal, broken_answer, no_connection
from engram.remote.retries import Retries, asked_wait_s

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

    import httpx2

    from engram.remote.budget import Budget
    from engram.remote.providers import Key, Provider

__all__ = ["Caller", "estimated_tokens"]

_T = TypeVar("_T")

_CONNECT_S = 10.0
_SUCCESS = range(200, 300)
_BYTES_PER_TOKEN = 3
"""Fewer than the four of English, so that other scripts and code are not far underestimated."""


class Caller:
    """Sends requests for one model of one provider."""

    def __init__(  # noqa: PLR0913 - the facts of a connection, see `Connection`
        self,
        provider: Provider,
        model: str,
        *,
        key: str | None = None,
        base_url: str | None = None,
        limits: Limits | None = None,
        retries: Retries | None = None,
        budget: Budget | None = None,
        timeout_s: float = 60.0,
        api_version: str | None = None,
    ) -> None:
        if not timeout_s > 0:
            raise InvalidInput("input.invalid", f"timeout_s is {timeout_s}, not above 0")
        self.provider = provider
        self.model = model
        url = find_url(provider, base_url)
        self.base_url, self._ending = azure_place(provider, url, model, api_version)
        self.limits = limits or Limits()
        self._ledger = Ledger(f"{provider.name}:{model}", budget)
        self._key = find_key(provider, key)
        self._retries = retries or Retries()
        self._timeout_s = timeout_s
        self._lock = threading.Lock()
        self._client: tuple[int, httpx2.Client] | None = None
        self._finalizer: weakref.finalize[[], Caller] | None = None

    @property
    def name(self) -> str:
        """Provider and model, as a caller writes them."""
        return f"{self.provider.name}:{self.model}"

    @property
    def usage(self) -> Usage:
        """What the model used so far."""
        return self._ledger.usage

    def path(self, template: str) -> str:
        """Put the model's name into a path."""
        return template.replace("{model}", quote(self.model, safe="/:@"))

    def post(
        self,
        path: str,
        body: Mapping[str, Any],
        *,
        expected: Usage,
        read: Callable[[Any], tuple[_T, Usage | None]],
    ) -> tuple[_T, Usage]:
        """Send a request; give what is wanted of its answer, and what it used.

        Args:
            path: Below the base URL; or a whole URL.
            body: Sent as JSON.
            expected: What it will use, estimated.
            read: Takes the JSON of the answer; gives what is wanted of it and what it used, None
                where the provider does not say. It may raise as `reading` allows.
        """
        with self._spending(expected) as spent:
            with self._response(path, body, expected.tokens, streamed=False) as response:
                spent.append(expected)
                text = response.content.decode("utf-8", "replace")
            with self.reading(text):
                result, usage = read(json.loads(text))
            if usage is not None:
                spent[:] = [usage]
        return result, spent[0]

    def stream(
        self,
        path: str,
        body: Mapping[str, Any],
        *,
        expected: Usage,
        read: Callable[[Any], tuple[_T | None, Usage | None]],
    ) -> Iterator[_T]:
        """Send a request, and give what is wanted of each event of its answer.

        The arguments are those of `post`; `read` takes one event. Of the usages the last counts.
        """
        with (
            self._spending(expected) as spent,
            self._response(path, body, expected.tokens, streamed=True) as response,
        ):
            spent.append(expected)
            for event in self._events(response):
                with self.reading(event):
                    result, usage = read(json.loads(event))
                if usage is not None:
                    spent[:] = [usage]
                if result is not None:
                    yield result

    @contextlib.contextmanager
    def reading(self, text: str) -> Iterator[None]:
        """Turn what fails on an answer that is not as documented into ``remote.answer``."""
        try:
            yield
        except EngramError:
            raise
        except (LookupError, TypeError, ValueError, AttributeError, RecursionError) as error:
            reason = f"{type(error).__name__}: {error}"
            raise broken_answer(
                self.provider, self.model, self._scrubbed(reason), text, self._key
            ) from None

    def failure(self, reason: str) -> EngramError:
        """Make the error for a provider that says, or shows, in mid-answer that it fails."""
        return no_connection(self.provider, self.model, self._scrubbed(reason), 1)

    def close(self) -> None:
        """Close the connections. Calling again opens new ones."""
        with self._lock:
            if self._finalizer is not None:
                self._finalizer()
            self._client = self._finalizer = None

    @contextlib.contextmanager
    def _spending(self, expected: Usage) -> Iterator[list[Usage]]:
        """Reserve what a call will use; afterwards count what it did, nothing where it failed."""
        self._ledger.reserve(expected)
        spent: list[Usage] = []
        try:
            yield spent
        finally:
            actual = spent[0] if spent else Usage()
            self._ledger.correct(expected, actual)
            if spent:
                self.limits.correct(expected.tokens, actual.tokens)

    @contextlib.contextmanager
    def _response(
        self, path: str, body: Mapping[str, Any], tokens: int, *, streamed: bool
    ) -> Iterator[httpx2.Response]:
        """Give a successful response; its body is read, unless it is streamed."""
        content = _encoded(body)
        attempts = 0
        while True:
            attempts += 1
            self.limits.enter(tokens)
            response = self._attempt(path, content, attempts, streamed=streamed)
            if not isinstance(response, _Failure):
                break
            failure = response
            delay_s = self._retries.delay_s(attempts, failure.asked_s) if failure.passes else None
            if delay_s is None:
                raise failure.error
            if failure.asked_s is not None:
                self.limits.pause(failure.asked_s)
            self.limits.wait(delay_s)
        with contextlib.closing(response):
            yield response

    def _attempt(
        self, path: str, content: bytes, attempt: int, *, streamed: bool
    ) -> httpx2.Response | _Failure:
        """Send once.

        A failure is returned, not raised: what the client raises holds the request with the key,
        and would be the context of whatever is raised while it is handled.
        """
        client = self._open()
        import httpx2

        url = path if "://" in path else f"{self.base_url}/{path}{self._ending}"
        headers = {"content-type": "application/json"}
        try:
            request = client.build_request("POST", url, content=content, headers=headers)
            response = client.send(request, stream=streamed)
            if response.status_code in _SUCCESS:
                return response
            with contextlib.closing(response):
                text = response.read().decode("utf-8", "replace")
        except (httpx2.TransportError, httpx2.DecodingError, httpx2.InvalidURL) as error:
            passes = not isinstance(error, (httpx2.InvalidURL, httpx2.UnsupportedProtocol))
            return _Failure(self._lost(error, attempt), passes)
        refusal = Refusal(response.status_code, response.headers, text)
        return _Failure(
            refusal.error(self.provider, self.model, self._key, attempt),
            refusal.passes,
            asked_wait_s(response.headers),
        )

    def _events(self, response: httpx2.Response) -> Iterator[str]:
        """Give the JSON texts of a stream: of Server-Sent Events, or of JSON lines."""
        import httpx2

        lines = response.iter_lines()
        while True:
            lost = None
            try:
                line = next(lines, None)
            except (httpx2.TransportError, httpx2.DecodingError) as error:
                lost = self._lost(error, 1)
            if lost is not None:
                raise lost
            if line is None:
                return
            data = line[len("data:") :].strip() if line.startswith("data:") else line
            if data.startswith("{"):  # neither a comment, nor an event's name, nor [DONE]
                yield data

    def _lost(self, error: Exception, attempts: int) -> EngramError:
        reason = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        return no_connection(self.provider, self.model, self._scrubbed(reason), attempts)

    def _open(self) -> httpx2.Client:
        """Give the client of this process, made when first needed."""
        with self._lock:
            if self._client is None or self._client[0] != os.getpid():
                client = _client(self.base_url, self._key, self.provider, self._timeout_s)
                self._client = (os.getpid(), client)
                self._finalizer = weakref.finalize(self, client.close)
            return self._client[1]

    def _scrubbed(self, text: str) -> str:
        return self._key.scrub(text) if self._key else text


class _Failure:
    """An attempt that failed: with what, whether another may not, and how long to wait."""

    def __init__(self, error: EngramError, passes: bool, asked_s: float | None = None) -> None:  # noqa: FBT001 - a field
        self.error = error
        self.passes = passes
        self.asked_s = asked_s


def estimated_tokens(text: str) -> int:
    """Estimate the tokens of a text from its bytes; at least 1."""
    return len(text.encode("utf-8", "replace")) // _BYTES_PER_TOKEN + 1


def _client(base_url: str, key: Key | None, provider: Provider, timeout_s: float) -> httpx2.Client:
    """Make an HTTP client that adds the key as a request leaves, and keeps it nowhere else."""
    try:
        import httpx2
    except ImportError as cause:
        raise _missing_extra("httpx2", "remote", "calling a provider of models") from cause

    def sign(request: httpx2.Request) -> httpx2.Request:
        if key is not None:
            request.headers[provider.key_header] = provider.key_prefix + key.reveal()
        return request

    return httpx2.Client(
        # A function rather than None: without it, ~/.netrc would be looked into.
        auth=sign,
        headers={"user-agent": "engram", **dict(provider.headers)},
        timeout=httpx2.Timeout(timeout_s, connect=min(timeout_s, _CONNECT_S)),
        # Without TLS there is nothing to verify, and loading the certificates takes 20 ms.
        verify=not base_url.startswith("http://"),
        # A proxy has no way to this machine's own services.
        trust_env=not _is_local(base_url),
    )


def _is_local(url: str) -> bool:
    host = url.partition("://")[2].partition("/")[0]
    return host.startswith(("localhost", "127.", "[::1]"))


def _encoded(body: Mapping[str, Any]) -> bytes:
    try:
        return json.dumps(body, ensure_ascii=False, allow_nan=False).encode("utf-8")
    except (TypeError, ValueError) as cause:  # UnicodeEncodeError is a ValueError
        raise InvalidInput(
            "input.invalid", f"the request is no JSON in UTF-8: {cause}", "no lone surrogates"
        ) from cause
