"""Cursors: where the next page of a query's hits starts.

Owns: the token. It names the place in the list, how many candidates the list was made of, and a
fingerprint of the query, so that it cannot go on with another one. A page on a later commit goes
on at the same place of that commit's list.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json

from engram.errors import InvalidInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from engram.query import Query

__all__ = ["resume", "token"]


def _fingerprint(query: Query) -> str:
    """Digest everything that shapes the list, k aside."""
    shown = [
        f"{name}={_plain(getattr(query, name))}"
        for name in query.__slots__
        if name not in {"k", "offset", "candidates", "flags", "snippets", "facets"}
    ]
    return hashlib.sha256("\n".join(shown).encode()).hexdigest()[:16]


def _plain(value: object) -> str:
    """Write a value so that equal ones look equal."""
    if hasattr(value, "keys"):
        return str({key: _plain(value[key]) for key in sorted(value.keys(), key=str)})  # type: ignore[index]
    tolist = getattr(value, "tolist", None)
    if tolist is not None:
        return str(tolist())
    return str(list(value)) if isinstance(value, (list, tuple)) else str(value)


def token(query: Query, hits: int, candidates: int) -> str:
    """Give the cursor behind the hits of a page, whose list was made of so many candidates."""
    place = [query.offset + hits, candidates, _fingerprint(query)]
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode()


def resume(cursor: str, query: Query) -> tuple[int, int | None]:
    """Give the place and the number of candidates of a cursor.

    Raises:
        InvalidInput: ``input.invalid`` where it is none, or of another query.
    """
    try:
        offset, candidates, fingerprint = json.loads(base64.urlsafe_b64decode(cursor.encode()))
        place = (int(offset), int(candidates) or None)
    except (binascii.Error, ValueError, TypeError, AttributeError) as error:
        raise InvalidInput(
            "input.invalid", "the cursor is not one of engram", "pass Results.cursor unchanged"
        ) from error
    if fingerprint != _fingerprint(query):
        raise InvalidInput(
            "input.invalid",
            "the cursor belongs to another query",
            "repeat the query that gave it, but for k, include, snippets and facets",
        )
    return place
