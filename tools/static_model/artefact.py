"""Write and read the model file, and embed with it in NumPy.

Owns: quantisation to 4-bit levels, the byte layout (the same as the table in
`crates/engram-core/src/embed/container.rs`), and a slow reference encoder for the measurements.
Invariants: `write` is deterministic; the revision is the SHA-256 prefix of the content.
Limits: the reference encoder leaves out characters that no piece covers; Rust does not.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import scipy.sparse as sparse
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

MAGIC, VERSION = b"ENGRSTAT", 1
HEADER = struct.Struct("<IIIHHHH")
UNKNOWN = "[UNK]"
# Spacing of 16 uniform levels with the least squared error on a normal distribution (Max 1960).
SPACING = 0.3352
# A piece that occurs c times counts c ** REPEAT times (see README.md).
REPEAT = 0.625


def quantise(table: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return row weights (uint8, at least 1) and levels (uint8 0 to 15, one a value)."""
    step = SPACING / 2 * np.sqrt((table**2).mean(axis=1))
    base = np.quantile(step, 0.999) / 255
    weights = np.clip(np.rint(step / base), 1, 255).astype(np.uint8)
    scaled = table / (weights[:, None] * base)
    levels = np.clip(np.rint((scaled + 15) / 2), 0, 15).astype(np.uint8)
    return weights, levels


def write(path: Path, name: str, pieces: list[str], table: np.ndarray) -> str:
    """Write the model file and return its revision."""
    weights, levels = quantise(table)
    half = table.shape[1] // 2
    rows = (levels[:, :half] | levels[:, half:] << 4).tobytes()
    encoded = [p.encode() for p in pieces]
    # A row of weight w has a root mean square near 2 * w / SPACING; an unknown character weighs
    # like a rare word, the upper quartile of the rows.
    unknown = int(np.quantile(weights, 0.75) * 2 / SPACING)
    content = bytes(map(len, encoded)) + b"".join(encoded) + weights.tobytes() + rows
    stamp = struct.pack("<IH", table.shape[1], unknown) + content
    revision = hashlib.sha256(stamp).hexdigest()[:16]
    text_bytes = sum(map(len, encoded))
    head = HEADER.pack(
        table.shape[1], len(pieces), text_bytes, len(name.encode()), len(revision), unknown, 0
    )
    body = head + name.encode() + revision.encode() + content
    path.write_bytes(MAGIC + struct.pack("<II", VERSION, zlib.crc32(body)) + body)
    return revision


def read(path: Path) -> tuple[list[str], np.ndarray]:
    """Return the pieces and the table that the file stands for, float32 (n, dim)."""
    data = path.read_bytes()
    if data[:8] != MAGIC or struct.unpack_from("<II", data, 8) != (VERSION, zlib.crc32(data[16:])):
        raise ValueError(f"{path} is not a static model of version {VERSION}")
    dimension, count, text_bytes, name_bytes, revision_bytes, _, _ = HEADER.unpack_from(data, 16)
    at = 16 + HEADER.size + name_bytes + revision_bytes
    lengths, at = data[at : at + count], at + count
    pieces = []
    for length in lengths:
        pieces.append(data[at : at + length].decode())
        at += length
    weights = np.frombuffer(data, np.uint8, count, at).astype(np.float32)
    packed = np.frombuffer(data, np.uint8, count * dimension // 2, at + count).reshape(count, -1)
    levels = np.hstack([packed & 15, packed >> 4]).astype(np.float32)
    return pieces, (2 * levels - 15) * weights[:, None]


def tokenizer_of(pieces: list[str]) -> Tokenizer:
    """Build the reference tokenizer; `[UNK]` gets the number after the last piece."""
    vocabulary = {piece: row for row, piece in enumerate([*pieces, UNKNOWN])}
    tokenizer = Tokenizer(
        models.WordPiece(vocabulary, unk_token=UNKNOWN, max_input_chars_per_word=100)
    )
    tokenizer.normalizer = normalizers.BertNormalizer(
        clean_text=True, handle_chinese_chars=True, strip_accents=None, lowercase=True
    )
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    return tokenizer


def bags(tokenizer: Tokenizer, texts: list[str], piece_count: int) -> sparse.csr_matrix:
    """Count pieces per text, damped by `REPEAT`: float32 CSR (n, piece_count)."""
    ends, ids = [0], [np.zeros(0, np.int32)]
    for start in range(0, len(texts), 20_000):
        part = texts[start : start + 20_000]
        for encoding in tokenizer.encode_batch_fast(part, add_special_tokens=False):
            ids.append(np.array([i for i in encoding.ids if i != piece_count], np.int32))
            ends.append(ends[-1] + len(ids[-1]))
    shape = (len(texts), piece_count)
    counts = sparse.csr_matrix(
        (np.ones(ends[-1], np.float32), np.concatenate(ids), ends), shape=shape
    )
    counts.sum_duplicates()
    counts.data **= REPEAT
    return counts


def encoder_of(pieces: list[str], table: np.ndarray) -> Callable[[list[str]], np.ndarray]:
    """Return a function from texts to unit rows."""
    tokenizer = tokenizer_of(pieces)

    def encode(texts: list[str]) -> np.ndarray:
        rows = bags(tokenizer, texts, len(pieces)) @ table
        return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)

    return encode


def read_encoder(path: Path) -> Callable[[list[str]], np.ndarray]:
    """Return the encoder of a model file."""
    return encoder_of(*read(path))
