"""From a name to the folder of a model.

Owns: `found`, and the names of what is no folder. A name is looked for among folders, installed
models and packages that carry models, in this order; nothing is fetched.
"""

from __future__ import annotations

import os
from difflib import get_close_matches
from importlib import util
from pathlib import Path
from typing import TYPE_CHECKING

from engram.embed.catalog import ALIASES, CATALOG, known
from engram.embed.local.folder import ModelFolder
from engram.embed.store import ModelStore
from engram.errors import NotFound

if TYPE_CHECKING:
    from engram.embed.catalog import KnownModel

__all__ = ["BUILT_IN", "HASH", "found", "full_name", "unknown"]

BUILT_IN = ("default", "static", "engram-static")
"""Names of the built-in model, which is no folder."""

HASH = "hash"
"""The embedder by hashes, which is none either."""

_REMOTE = {
    "openai-small": "openai:text-embedding-3-small",
    "openai-large": "openai:text-embedding-3-large",
    "openai-ada": "openai:text-embedding-ada-002",
}
"""Short names of providers' models, as memvid has them."""


def full_name(source: str | os.PathLike[str]) -> str | os.PathLike[str]:
    """Give ``"provider:model"`` for a short name of it, anything else as it is."""
    return _REMOTE.get(source, source) if isinstance(source, str) else source


def found(
    source: str | os.PathLike[str], name: str | None = None, store: ModelStore | None = None
) -> ModelFolder:
    """Find the folder of a model: a path, an installed model, or one that a package carries.

    Raises:
        NotFound: ``model.not_found`` naming the nearest known names, or the command that installs.
        Io: ``file.not_found`` for a path that is no folder.
    """
    if not isinstance(source, str) or Path(source).is_dir():
        return ModelFolder(source, name, known(Path(source).name))
    if os.sep in source and not _owned(source):
        return ModelFolder(source, name)
    entry = known(source)
    home = ModelStore() if store is None else store
    called = source if entry is None else entry.name
    path = home.path_of(called) or (_of_package(entry) if entry is not None else None)
    if path is not None:
        return ModelFolder(path, name or called, entry)
    if entry is None:
        raise unknown(source, home)
    install = f"engram models install {entry.name}"
    if entry.extra is not None:
        install = f"pip install 'engram[{entry.extra}]', or {install}"
    raise NotFound("model.not_found", f"model {entry.name} is not installed", install)


def unknown(name: str, store: ModelStore) -> NotFound:
    """Make the error for a name that nothing has, with the nearest ones."""
    names = {*CATALOG, *ALIASES, *_REMOTE, BUILT_IN[0], HASH}
    names |= {one.name for one in store.list_models()}
    by_plain = {one.lower(): one for one in names}
    plain = name.rpartition("/")[2].lower()
    near = [by_plain[one] for one in get_close_matches(plain, by_plain, n=3, cutoff=0.4)]
    hint = f"the nearest known: {', '.join(near)}" if near else "engram models list --known"
    details = {"nearest": ", ".join(near)}
    return NotFound("model.not_found", f"unknown model {name!r}", hint, details)


def _owned(source: str) -> bool:
    """Say whether a text with a slash is owner/model rather than a path."""
    owner, _, rest = source.partition("/")
    return bool(owner) and not owner.startswith((".", "~")) and bool(rest) and "/" not in rest


def _of_package(entry: KnownModel) -> Path | None:
    """Find the model in an installed package that carries it; the package is not run."""
    if entry.package is None:
        return None
    spec = util.find_spec(entry.package)
    if spec is None or spec.origin is None:
        return None
    path = Path(spec.origin).parent / "model"
    return path if path.is_dir() else None
