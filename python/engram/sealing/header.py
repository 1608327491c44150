"""The first bytes of a sealed file, and the keys that come of them and a password.

Owns: `Header` (docs/internals/sealed-format.md). Invariants: nothing is read beyond the stated
limits, and no password is tried before the header is known to be whole.
"""

from __future__ import annotations

import hmac
import os
import struct
import unicodedata
import zlib
from dataclasses import dataclass

from engram.errors import Corrupt, Incompatible, InvalidInput, _missing_extra

__all__ = ["HEADER_BYTES", "MAGIC", "TAG_BYTES", "Header", "damaged"]

MAGIC = b"ENGRSEAL"
VERSION = 1
ARGON2ID, AES_256_GCM = 1, 1
_FIELDS = struct.Struct("<8sHBBBxxxIII32sQ")
"""Magic, version, key derivation, cipher, log2 of the chunk size, three zeros, KiB of memory,
passes, lanes, salt, bytes that are sealed."""
CHECK_BYTES = 32
TAG_BYTES = 16
HEADER_BYTES = _FIELDS.size + 4 + CHECK_BYTES
CHUNK_BITS = 20
MEMORY_KIB, PASSES, LANES = 64 * 1024, 3, 4
"""The cost of trying a password: the second choice of RFC 9106, section 4."""
MOST_MEMORY_KIB, MOST_PASSES, MOST_LANES = 1024 * 1024, 64, 64
"""What a file may ask of who opens it: a hostile one could ask for any amount."""
_LEAST_CHUNK_BITS, _MOST_CHUNK_BITS = 12, 24
_SALT_BYTES = 32
_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class Header:
    """What a sealed file says of itself."""

    chunk_bits: int = CHUNK_BITS
    memory_kib: int = MEMORY_KIB
    passes: int = PASSES
    lanes: int = LANES
    salt: bytes = b""
    plain_bytes: int = 0

    @classmethod
    def fresh(cls) -> Header:
        """Make the header of a new file, with a salt of its own."""
        return cls(salt=os.urandom(_SALT_BYTES))

    @property
    def sealed_bytes(self) -> int:
        """The size of the whole file."""
        chunks = max(-(-self.plain_bytes >> self.chunk_bits), 1)
        return HEADER_BYTES + self.plain_bytes + TAG_BYTES * chunks

    def master(self, password: str | bytes) -> bytes:
        """Derive what both keys come of; this is what takes time and memory.

        Raises:
            InvalidInput: ``input.invalid`` for a password that is empty, or none.
            MissingExtra: ``extra.missing``.
        """
        secret = _secret(password)
        try:
            from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
        except ImportError as cause:
            raise _missing_extra("cryptography", "seal", "sealing") from cause
        return Argon2id(
            salt=self.salt,
            length=_KEY_BYTES,
            iterations=self.passes,
            lanes=self.lanes,
            memory_cost=self.memory_kib,
        ).derive(secret)

    def keys(self, master: bytes) -> tuple[bytes, bytes]:
        """Derive the key of the chunks, and what proves that the password is right."""
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF

        both = HKDF(
            algorithm=SHA256(),
            length=_KEY_BYTES + CHECK_BYTES,
            salt=None,
            info=b"engram sealed file\0" + self._fields(),
        ).derive(master)
        return both[:_KEY_BYTES], both[_KEY_BYTES:]

    def to_bytes(self, check: bytes) -> bytes:
        """Give the header as it is written."""
        fields = self._fields()
        body = fields + check
        return fields + struct.pack("<I", zlib.crc32(body)) + check

    def _fields(self) -> bytes:
        return _FIELDS.pack(
            MAGIC,
            VERSION,
            ARGON2ID,
            AES_256_GCM,
            self.chunk_bits,
            self.memory_kib,
            self.passes,
            self.lanes,
            self.salt,
            self.plain_bytes,
        )

    @classmethod
    def read(cls, raw: bytes) -> tuple[Header, bytes]:
        """Read a header: what it says, and its proof of the password.

        Raises:
            Incompatible: ``sealed.unsupported`` where it is of no sealed file, or of one that this
                version does not open.
            Corrupt: ``sealed.damaged``.
        """
        if not raw.startswith(MAGIC):
            raise Incompatible(
                "sealed.unsupported", "the file is not sealed", "engram.open(path) opens databases"
            )
        if len(raw) < HEADER_BYTES:
            raise damaged("it ends within its header", "truncated")
        fields, check = raw[: _FIELDS.size], raw[_FIELDS.size + 4 : HEADER_BYTES]
        (crc,) = struct.unpack_from("<I", raw, _FIELDS.size)
        _, version, kdf, cipher, bits, memory, passes, lanes, salt, plain = _FIELDS.unpack(fields)
        if version > VERSION:
            raise Incompatible(
                "sealed.unsupported",
                f"the file is sealed in version {version}; this engram opens up to {VERSION}",
                "a newer engram opens it",
            )
        if zlib.crc32(fields + check) != crc:
            raise damaged("its header has changed", "header")
        header = cls(bits, memory, passes, lanes, salt, plain)
        if (version, kdf, cipher) != (VERSION, ARGON2ID, AES_256_GCM) or header._fields() != fields:
            raise Incompatible("sealed.unsupported", "the file is sealed in an unknown way")
        header._check_limits()
        return header, check

    def _check_limits(self) -> None:
        """Refuse costs that nobody would choose."""
        fine = (
            _LEAST_CHUNK_BITS <= self.chunk_bits <= _MOST_CHUNK_BITS
            and 8 * self.lanes <= self.memory_kib <= MOST_MEMORY_KIB
            and 1 <= self.passes <= MOST_PASSES
            and 1 <= self.lanes <= MOST_LANES
        )
        if not fine:
            raise Incompatible(
                "sealed.unsupported",
                f"the file asks for {self.memory_kib:,} KiB, {self.passes} passes, {self.lanes}"
                f" lanes and chunks of 2^{self.chunk_bits} bytes",
                f"at most {MOST_MEMORY_KIB:,} KiB, {MOST_PASSES} and {MOST_LANES} are opened",
            )

    def key_for(self, password: str | bytes, check: bytes) -> bytes:
        """Give the key of the chunks, if the password is right.

        Raises:
            InvalidInput: ``sealed.password``.
        """
        key, own = self.keys(self.master(password))
        if not hmac.compare_digest(own, check):
            raise InvalidInput("sealed.password", "the password is wrong", "nothing was written")
        return key


def damaged(how: str, kind: str) -> Corrupt:
    """Build the error for a sealed file that is not as it was sealed."""
    return Corrupt(
        "sealed.damaged",
        f"the sealed file is damaged: {how}",
        "get it again; nothing of it was written",
        {"kind": kind},
    )


def _secret(password: str | bytes) -> bytes:
    """Give the bytes of a password; text in one form, however it was typed."""
    if isinstance(password, str):
        password = unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")
    elif not isinstance(password, (bytes, bytearray)):
        raise InvalidInput(
            "input.invalid", f"the password is {type(password).__name__}, neither text nor bytes"
        )
    if not password:
        raise InvalidInput("input.invalid", "the password is empty")
    return bytes(password)
