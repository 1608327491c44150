"""What all models of providers have in common.

Owns: `RemoteModel`: names, usage, closing.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing_extensions import Self

    from engram.remote.budget import Usage
    from engram.remote.calling import Caller

__all__ = ["RemoteModel"]


class RemoteModel:
    """The base of models that a provider runs."""

    _caller: Caller

    @property
    def model(self) -> str:
        """The provider's name for the model."""
        return self._caller.model

    @property
    def provider(self) -> str:
        """The provider's name."""
        return self._caller.provider.name

    @property
    def usage(self) -> Usage:
        """Tokens used since this object was made."""
        return self._caller.usage

    def close(self) -> None:
        """Close what is open. The next use opens it again."""
        self._caller.close()

    def __enter__(self) -> Self:
        """Give the model itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def __repr__(self) -> str:
        """Show provider and model, never the key."""
        return f"{type(self).__name__}({self._caller.name!r})"
