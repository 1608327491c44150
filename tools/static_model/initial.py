"""The start of the training: two sources of piece vectors side by side.

Owns: 512 dimensions a piece. The first half are the rows of potion-base-8M (MIT), the second half
the mean states of the teacher (Apache-2.0; `contextual.py`), reduced to 256 dimensions by the
principal axes of training texts. The cosine of such rows averages the two models.
Invariant: a piece that a model cuts up gets the sum of its parts, which is what the mean over a
text would have counted. Pieces seen less than twice in context get the teacher's vector of the
piece alone. Frequent pieces and short rows are damped a little.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import scipy.sparse as sparse
from safetensors.numpy import load_file
from tokenizers import Tokenizer

from artefact import UNKNOWN
from teacher import HIDDEN, Teacher
from vocabulary import POTION

HALF = 256
# Length of the second half against the first; exponents on the smooth inverse frequency and on the
# row length. All are flat around these values on the held-out sources (README.md).
TEACHER_SHARE = 0.9
FREQUENCY_DAMPING, LENGTH_DAMPING = 0.4, 0.2
FREQUENCY_KNEE = 1e-3
# Length of rows that were never seen in context, against those that were.
ALONE_SHARE = 0.8


def spread(table: np.ndarray, tokenizer: Tokenizer, pieces: list[str]) -> np.ndarray:
    """Give each of `pieces` its row of `table`, or the sum of the rows of its parts."""
    known = tokenizer.get_vocab()
    rows = np.zeros((len(pieces), table.shape[1]), np.float32)
    for row, piece in zip(rows, pieces, strict=True):
        ids = (
            [known[piece]]
            if piece in known
            else tokenizer.encode(piece, add_special_tokens=False).ids
        )
        row[:] = table[[i for i in ids if i != known[UNKNOWN]]].sum(axis=0)
    return rows


def scaled(table: np.ndarray) -> np.ndarray:
    """Scale a table to a root mean square row length of one."""
    return table / np.sqrt((table**2).sum(axis=1).mean())


def potion_rows(packages: Path, pieces: list[str]) -> np.ndarray:
    """Rows of potion-base-8M, float32 (n, 256)."""
    table = load_file(packages / POTION / "model.safetensors")["embeddings"].astype(np.float32)
    return spread(table, Tokenizer.from_file(str(packages / POTION / "tokenizer.json")), pieces)


def alone(teacher: Teacher) -> np.ndarray:
    """The teacher's vector of each of its pieces alone, less their mean, float32 (n, 384)."""
    count = teacher.tokenizer.get_vocab_size()
    first, last = (teacher.tokenizer.token_to_id(t) for t in ("[CLS]", "[SEP]"))
    rows = np.zeros((count, HIDDEN), np.float32)
    for start in range(0, count, 128):
        ids = np.array([[first, i, last] for i in range(start, min(start + 128, count))], np.int32)
        feed = {"input_ids": ids, "attention_mask": np.ones_like(ids)}
        rows[start : start + 128] = teacher.session.run(None, feed)[0]
    return rows - rows.mean(axis=0)


def teacher_rows(packages: Path, contextual: Path, pieces: list[str]) -> np.ndarray:
    """Mean states in context, float32 (n, 384), less the mean state of all text."""
    teacher = Teacher(packages, quantised=False)
    stored = np.load(contextual)
    total, count = stored["sum"], stored["count"][:, None]
    centred = (total / np.maximum(count, 1) - total.sum(axis=0) / count.sum()) * count / (count + 1)
    seen = count[:, 0] >= 2
    length = np.sqrt((centred[seen] ** 2).sum(axis=1).mean())
    table = np.where(seen[:, None], centred, scaled(alone(teacher)) * length * ALONE_SHARE)
    return spread(table.astype(np.float32), teacher.tokenizer, pieces)


def principal(rows: np.ndarray, texts: sparse.csr_matrix) -> np.ndarray:
    """Reduce rows to `HALF` dimensions: the axes on which the vectors of `texts` spread most."""
    vectors = texts @ rows
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    _, axes = np.linalg.eigh(vectors.T @ vectors)
    return rows @ axes[:, ::-1][:, :HALF]


def initial_table(
    packages: Path, contextual: Path, pieces: list[str], texts: sparse.csr_matrix
) -> np.ndarray:
    """Join both halves, float32 (n, 512); `texts` are the bags of the training passages."""
    text_count = np.asarray((texts > 0).sum(axis=0)).ravel() + 1
    share = text_count / text_count.sum()
    rarity = np.minimum(1, FREQUENCY_KNEE / (FREQUENCY_KNEE + share))[:, None] ** FREQUENCY_DAMPING
    second = teacher_rows(packages, contextual, pieces)
    # Axes are found on the damped rows, as they will be used.
    second = principal(scaled(second) * rarity, texts[:: max(1, texts.shape[0] // 30_000)]) / rarity
    halves = [scaled(potion_rows(packages, pieces)), TEACHER_SHARE * scaled(second)]
    joined = np.hstack(halves) * rarity
    length = np.linalg.norm(joined, axis=1, keepdims=True) + 1e-6
    return scaled(joined * length**LENGTH_DAMPING).astype(np.float32)


def load_pieces(path: Path) -> list[str]:
    """Read the piece list of `vocabulary.py`."""
    return json.loads(path.read_text())
