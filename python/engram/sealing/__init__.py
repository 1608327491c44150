"""Databases sealed with a password, to keep or send.

Owns: the public names of sealing. ``engram[seal]`` brings the library that encrypts.
"""

from __future__ import annotations

from engram.sealing.files import Sealed, is_sealed, lock, unlock

__all__ = ["Sealed", "is_sealed", "lock", "unlock"]
