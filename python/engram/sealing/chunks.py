"""A stream of chunks, each sealed so that none can be changed, moved or left out.

Owns: `seal` and `opened` (docs/internals/sealed-format.md). The construction is STREAM (Hoang,
Reyhanitabar, Rogaway, Vizar: Online authenticated-encryption and its nonce-reuse
misuse-resistance, CRYPTO 2015), as age uses it: the nonce of a chunk is its number and whether it
is the last. Invariant: memory does not grow with the file; a chunk is given only once it is known
to be genuine.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from engram.sealing.header import HEADER_BYTES, TAG_BYTES, Header, damaged

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

__all__ = ["opened", "seal"]

_COUNTER_BYTES = 11


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(_COUNTER_BYTES, "big") + bytes([last])


def seal(source: BinaryIO, header: Header, master: bytes) -> Iterator[bytes]:
    """Give the sealed form of a stream, piece by piece; the header is the first.

    Args:
        source: What is sealed: as many bytes as the header says.
        header: What the file says of itself.
        master: `Header.master` of the password.
    """
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    key, check = header.keys(master)
    cipher = AESGCM(key)
    yield header.to_bytes(check)
    for number, (chunk, last) in enumerate(_chunks(source, 1 << header.chunk_bits)):
        yield cipher.encrypt(_nonce(number, last=last), chunk, None)


def opened(source: BinaryIO, password: str | bytes) -> Iterator[bytes]:
    """Give what a sealed file holds, piece by piece, each of them genuine.

    Raises:
        Incompatible, Corrupt: As `Header.read`; ``sealed.damaged`` also where chunks were changed,
            moved or cut off, maybe after genuine ones were given.
        InvalidInput: ``sealed.password``.
        MissingExtra: ``extra.missing``.
    """
    header, check = Header.read(source.read(HEADER_BYTES))
    key = header.key_for(password, check)
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    size = os.fstat(source.fileno()).st_size
    if size != header.sealed_bytes:
        how = "cut off" if size < header.sealed_bytes else "too long"
        raise damaged(
            f"it is {how}: {size:,} bytes instead of {header.sealed_bytes:,}",
            "truncated" if size < header.sealed_bytes else "length",
        )
    cipher, step = AESGCM(key), (1 << header.chunk_bits) + TAG_BYTES
    number = 0
    try:
        for chunk, last in _chunks(source, step):
            yield cipher.decrypt(_nonce(number, last=last), chunk, None)
            number += 1
    except InvalidTag as cause:
        raise damaged(f"chunk {number} is not as it was sealed", "chunk") from cause


def _chunks(source: BinaryIO, size: int) -> Iterator[tuple[bytes, bool]]:
    """Give pieces of one size, and for each whether it is the last; one at least."""
    chunk = _exactly(source, size)
    while True:
        after = _exactly(source, size) if len(chunk) == size else b""
        yield chunk, not after
        if not after:
            return
        chunk = after


def _exactly(source: BinaryIO, size: int) -> bytes:
    """Read so many bytes, fewer only at the end."""
    pieces = []
    while size and (piece := source.read(size)):
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)
