"""Access as memvid-sdk says it, over `engram.AccessContext`.

Owns: the forms of a scope, of a context and of the ``acl_`` keys of metadata.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engram.access import AccessContext
from engram.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["acl_context_from_scope", "acl_metadata_from_scope", "context_of", "list_of"]

_GRANTS = {
    "acl_read_roles": "roles",
    "acl_read_groups": "groups",
    "acl_read_principals": "subjects",
}


def acl_context_from_scope(scope: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Give who asks, of a scope: ``tenant_id``, ``subject_id``, ``roles``, ``group_ids``."""
    if scope is None:
        return None
    names = ("tenant_id", "subject_id", "roles", "group_ids")
    return {name: scope[name] for name in names if scope.get(name)}


def acl_metadata_from_scope(
    scope: Mapping[str, Any] | None, *, visibility: str = "auto"
) -> dict[str, Any]:
    """Give the access list of a scope as metadata, for `Memvid.put`."""
    if scope is None or visibility == "public":
        return {"acl_visibility": "public"}
    principals = [scope["subject_id"]] if scope.get("subject_id") else []
    listed = {
        "acl_tenant_id": scope.get("tenant_id"),
        "acl_read_principals": principals,
        "acl_read_roles": list(scope.get("roles") or ()),
        "acl_read_groups": list(scope.get("group_ids") or ()),
    }
    return {"acl_visibility": "restricted"} | {key: one for key, one in listed.items() if one}


def context_of(given: Mapping[str, Any] | None, mode: str) -> AccessContext | None:
    """Give who asks.

    Raises:
        InvalidInput: ``input.invalid`` for a mode that is none.
    """
    if mode not in {"audit", "enforce"}:
        raise InvalidInput("input.invalid", f"unknown acl_enforcement_mode {mode!r}")
    if given is None:
        return None
    return AccessContext(
        tenant=given.get("tenant_id"),
        roles=list(given.get("roles") or ()),
        groups=list(given.get("group_ids") or ()),
        subject=given.get("subject_id"),
        mode="enforce" if mode == "enforce" else "audit",
    )


def list_of(metadata: Mapping[str, Any]) -> tuple[dict[str, Any] | None, dict[str, Any]]:
    """Take the access list out of metadata."""
    rest = {key: value for key, value in metadata.items() if not key.startswith("acl_")}
    if len(rest) == len(metadata) or metadata.get("acl_visibility") == "public":
        return None, rest
    listed: dict[str, Any] = {
        name: list(metadata[key]) for key, name in _GRANTS.items() if metadata.get(key)
    }
    if metadata.get("acl_tenant_id"):
        listed["tenant"] = metadata["acl_tenant_id"]
    return listed or None, rest
