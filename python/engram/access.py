"""Who may see what: access lists of documents, and those who ask.

Owns: the form of an access list (`access_list`) and `AccessContext`, which is its meaning, once in
Python (`allows`) and once as a filter (`where`); the tests hold the two to be the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from engram.checks import proper_str
from engram.errors import InvalidInput
from engram.filtering import list_text, quoted

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

__all__ = ["ACCESS_PATH", "AccessContext", "access_list"]

ACCESS_PATH = "doc.access"
"""Where the access list is in the metadata of documents, passages, tables and facts."""

_GRANTS = ("roles", "groups", "subjects")
_KEYS = ("tenant", *_GRANTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessContext:
    """Who asks. Frozen.

    A document with an access list is visible where both hold:

    - it names no tenant, or the tenant of who asks;
    - it names no roles, groups and subjects at all, or one of the roles or groups of who asks, or
      who asks as a subject.

    A document without a list is visible to all, unless `unlisted` says otherwise. Who asks without
    a context at all (``access=None``) sees everything.

    Attributes:
        tenant: Whose customer it is, or None.
        roles: Its roles.
        groups: Its groups.
        subject: Who it is, or None.
        mode: ``"enforce"`` hides what it may not see; ``"audit"`` hides nothing, and reports what
            it would have hidden.
        unlisted: Whether documents without a list are ``"visible"`` or ``"hidden"``.

    Example:
        >>> import engram
        >>> context = engram.AccessContext(tenant="acme", roles=["support"], subject="ada")
        >>> context.allows({"tenant": "acme", "roles": ["support", "sales"]})
        True
        >>> context.allows({"tenant": "acme", "subjects": ["bob"]})
        False
    """

    tenant: str | None = None
    roles: Sequence[str] = ()
    groups: Sequence[str] = ()
    subject: str | None = None
    mode: Literal["enforce", "audit"] = "enforce"
    unlisted: Literal["visible", "hidden"] = "visible"

    def __post_init__(self) -> None:
        """Check that all of it is text.

        Raises:
            InvalidInput: ``input.invalid``.
        """
        for name in ("tenant", "subject"):
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, _named(value, name))
        for name in ("roles", "groups"):
            object.__setattr__(self, name, tuple(_names(getattr(self, name), name)))
        for name, known in (("mode", ("enforce", "audit")), ("unlisted", ("visible", "hidden"))):
            if getattr(self, name) not in known:
                raise InvalidInput(
                    "input.invalid",
                    f"{name} is {getattr(self, name)!r:.80}",
                    f"one of {', '.join(known)}",
                )

    @property
    def enforced(self) -> bool:
        """Whether anything is hidden."""
        return self.mode == "enforce"

    def allows(self, listed: Mapping[str, Any] | None) -> bool:
        """Say whether a document with that access list, or without one, may be seen."""
        if listed is None:
            return self.unlisted == "visible"
        if "tenant" in listed and listed["tenant"] != self.tenant:
            return False
        if not any(name in listed for name in _GRANTS):
            return True
        own = {"roles": self.roles, "groups": self.groups, "subjects": self._subjects}
        return any(set(listed.get(name, ())) & set(own[name]) for name in _GRANTS)

    def where(self, path: str = ACCESS_PATH) -> str:
        """Give `allows` as a filter over the access list at a path."""
        own = {"roles": self.roles, "groups": self.groups, "subjects": self._subjects}
        granted = [" AND ".join(f"NOT {path}.{name} EXISTS" for name in _GRANTS)]
        granted += [
            f"{path}.{name} IN {list_text(own[name], name)}" for name in _GRANTS if own[name]
        ]
        tenants = [f"NOT {path}.tenant EXISTS"]
        if self.tenant is not None:
            tenants.append(f"{path}.tenant = {quoted(self.tenant)}")
        by_list = f"({' OR '.join(tenants)}) AND ({' OR '.join(f'({one})' for one in granted)})"
        if self.unlisted == "visible":
            return f"(NOT {path} EXISTS OR ({by_list}))"
        return f"({path} EXISTS AND {by_list})"

    @property
    def _subjects(self) -> tuple[str, ...]:
        return () if self.subject is None else (self.subject,)


def access_list(given: object) -> dict[str, Any] | None:
    """Check an access list, and bring it into one form: its lists sorted, each name once.

    Raises:
        InvalidInput: ``input.invalid``.
    """
    if given is None:
        return None
    if not isinstance(given, Mapping) or not given or not set(given) <= set(_KEYS):
        raise InvalidInput(
            "input.invalid",
            f"access is {given!r:.80}",
            'a mapping of any of "tenant" (text), "roles", "groups", "subjects" (lists of texts)',
        )
    checked: dict[str, Any] = {}
    for name, value in given.items():
        what = f"access[{name!r}]"
        checked[name] = _named(value, what) if name == "tenant" else _names(value, what)
        if not checked[name]:
            raise InvalidInput(
                "input.invalid",
                f"{what} is empty, and would hide the document from everybody",
                "name somebody, or leave it out",
            )
    return checked


def _names(given: object, what: str) -> list[str]:
    """Check a list of names."""
    if not isinstance(given, (list, tuple, set, frozenset)):
        raise InvalidInput("input.invalid", f"{what} is {given!r:.80}, not a list of texts")
    return sorted({_named(one, what) for one in given})


def _named(given: object, what: str) -> str:
    """Check a name."""
    name = proper_str(given, what)
    if not name:
        raise InvalidInput("input.invalid", f"{what} has a name without a letter")
    return name
