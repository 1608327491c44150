"""The table of errors: one code, one class, one way to provoke it."""

import errno
import multiprocessing
import os
import pickle
import re
import threading
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

import engram
from engram import _native, errors
from engram.embed import Identity, get_embedder
from engram.extract import extract
from engram.llm import as_llm
from engram.rag import PromptTemplate
from engram.types import Code

DOCS = Path(__file__).parent.parent / "docs"

PYTHON_ONLY = [
    "embedder.invalid",
    "llm.invalid",
    "extra.missing",
    "model.invalid",
    "template.invalid",
    "query_set.exists",
    "query_set.not_found",
    "report.not_found",
    "reranker.invalid",
    "model.not_found",
    "model.corrupt",
    "provider.unknown",
    "remote.key",
    "remote.refused",
    "remote.budget",
    "remote.limited",
    "remote.failed",
    "remote.answer",
    "remote.partial",
    "llm.answer",
    "document.unsupported",
    "document.encrypted",
    "document.damaged",
    "snapshot.holds",
    "sealed.password",
    "sealed.damaged",
    "sealed.unsupported",
    "node.exists",
    "node.stale",
    "edge.exists",
    "edge.not_found",
    "graph.constraint",
    "session.exists",
    "session.ended",
    "session.not_found",
    "weaver.failed",
    "weaver.timeout",
    "weaver.stopping",
]

# Codes that are provoked elsewhere, and why not here.
ELSEWHERE = {
    "corrupt.superblock": "the core's tests flip every byte of a file",
    "corrupt.manifest": "the core's tests flip every byte of a file",
    "corrupt.log": "the core's tests flip every byte of a file",
    "corrupt.segment": "the core's tests flip every byte of a file",
    "corrupt.truncated": "the core's tests cut a file at every length",
    "format.too_new": "the core's tests write a later version number",
    "io.full": "the core's tests fail a write with a full disk",
    "io.poisoned": "test_faults.py fails a write",
    "node.exists": "graph/test_nodes.py makes a node twice",
    "node.stale": "graph/test_nodes.py saves over somebody else's change",
    "edge.exists": "graph/test_nodes.py makes an edge twice",
    "edge.not_found": "graph/test_nodes.py changes an edge that is not there",
    "graph.constraint": "graph/test_constraints.py breaks each kind",
    "session.exists": "sessions/test_sessions.py starts one twice",
    "session.ended": "sessions/test_sessions.py asks an ended one",
    "session.not_found": "sessions/test_sessions.py asks for one",
    "weaver.failed": "weaver/test_failing.py fails until a task is given up",
    "weaver.timeout": "weaver/test_failing.py waits for what does not come",
    "weaver.stopping": "weaver/test_events.py stops a weaver in its callback",
    "internal": "is a bug where it happens",
    "extra.missing": "test_transfer.py hides the package",
    "model.invalid": "embed/test_dense.py spoils a folder",
    "model.corrupt": "embed/test_store.py changes a file",
    "query_set.exists": "evaluate/test_query_sets.py saves a set twice",
    "query_set.not_found": "evaluate/test_query_sets.py loads a set that is not there",
    "report.not_found": "evaluate/test_query_sets.py loads a report that is not there",
    "provider.unknown": "tests/remote asks for such providers",
    "remote.key": "tests/remote refuses keys from a loopback server",
    "remote.refused": "tests/remote refuses requests from a loopback server",
    "remote.budget": "tests/remote spends budgets",
    "remote.limited": "tests/remote throttles from a loopback server",
    "remote.failed": "tests/remote fails from a loopback server",
    "remote.answer": "tests/remote answers nonsense from a loopback server",
    "remote.partial": "tests/remote refuses single texts from a loopback server",
    "llm.answer": "tests/llm answers what does not fit from a loopback server",
    "document.encrypted": "extract/test_kinds.py encrypts files",
    "snapshot.holds": "memory/test_forgetting.py forgets what a snapshot holds",
    "sealed.password": "sealing/test_sealing.py tries wrong passwords",
    "sealed.damaged": "sealing/test_sealing.py spoils files",
    "sealed.unsupported": "sealing/test_sealing.py forges headers",
}


def database(tmp_path):
    return engram.open(tmp_path / "test.engram", embedder=None, lock_timeout_ms=50)


def cause_input_invalid(db):
    db.collection("c").put("a", text=5)


def cause_input_limit(db):
    db.collection("c").put("x" * 100_000)


def cause_input_dimension(db):
    db.collection("c").put("a", vector=[1.0])
    db.collection("c").put("b", vector=[1.0, 2.0])


def cause_input_not_finite(db):
    db.collection("c").put("a", vector=[float("nan")])


def cause_input_zero_vector(db):
    db.collection("c").put("a", vector=[0.0])


def cause_query_empty(db):
    db.collection("c").query(" ")


def cause_filter_syntax(db):
    db.create_collection("c").count("=")


def cause_filter_unknown_field(db):
    db.collection("c").put("a", metadata={"x": 1})
    db.collection("c").count("y = 1")


def cause_embedder_mismatch(db):
    db.collection("c", embedder=Constant("one")).put("a", text="x")
    db.collection("c", embedder=Constant("two")).put("b", text="x")


def cause_embedder_missing(db):
    db.collection("c").put("a", text="x")
    db.collection("c").query("x", mode="semantic")


def cause_embedder_invalid(db):
    db.collection("c", embedder=Constant("one", rows=3)).put("a", text="x")


def cause_model_not_found(db):
    get_embedder("no-such-model")


def cause_reranker_invalid(db):
    db.collection("c").query("x", rerank=5)


def cause_llm_invalid(db):
    as_llm(5)


def cause_template_invalid(db):
    PromptTemplate("a lone {brace")


def cause_collection_not_found(db):
    db.collection("c").update("a", text="x")


def cause_record_not_found(db):
    db.create_collection("c").update("a", text="x")


def cause_snapshot_not_found(db):
    db.restore_snapshot("s")


def cause_history_not_retained(db):
    db.at(1_000_000)


def cause_collection_exists(db):
    db.create_collection("c")
    db.create_collection("c")


def cause_collection_mismatch(db):
    db.create_collection("c")
    db.collection("c", metric="dot")


def cause_snapshot_exists(db):
    db.create_snapshot("s")
    db.create_snapshot("s")


def cause_transaction_active(db):
    with db.transaction(), db.transaction():
        pass


def cause_transaction_finished(db):
    with db.transaction() as tx:
        pass
    tx.collection("c").count()


def cause_file_exists(db):
    db.backup(db.path)


def cause_file_read_only(db):
    with engram.open(db.path, read_only=True) as reader:
        reader.create_collection("c")


def cause_lock_timeout(db):
    with engram.open(db.path, lock_timeout_ms=0) as other, db.transaction():
        other.create_collection("c")


def cause_format_not_engram(db):
    other = Path(db.path).with_name("other")
    other.write_bytes(b"no database" * 1000)
    engram.open(other)


def cause_file_not_found(db):
    engram.open(db.path + ".absent", create=False)


def cause_io_failed(db):
    engram.open(Path(db.path).parent)


def cause_document_unsupported(db):
    extract(b"\0\1")


def cause_document_damaged(db):
    extract(b"{", kind="json")


def cause_handle_closed(db):
    db.close()
    db.stats()


def cause_handle_forked(db):
    memory = engram.open(":memory:", embedder=None)
    memory.collection("c").put("a")
    context = multiprocessing.get_context("fork")
    queue = context.SimpleQueue()

    def child():
        try:
            memory.collection("c").put("b")
        except errors.EngramError as error:
            queue.put(error)
        os._exit(0)

    process = context.Process(target=child)
    process.start()
    error = queue.get()
    process.join()
    raise error


class Constant:
    def __init__(self, name, rows=None):
        self.identity = Identity(name, "1", 2, normalized=True)
        self.rows = rows

    def encode_batch(self, texts):
        return np.ones((self.rows or len(texts), 2), dtype=np.float32)


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
@pytest.mark.parametrize("code", sorted(set(errors.CODES) - set(ELSEWHERE)))
def test_every_code_can_be_provoked(tmp_path, code):
    cause = globals()[f"cause_{code.replace('.', '_')}"]
    db = database(tmp_path)
    with pytest.raises(errors.CODES[code]) as caught:
        cause(db)
    db.close()
    error = caught.value
    assert error.code == code
    assert type(error) is errors.CODES[code]
    assert error.message
    assert not error.message.endswith(".")
    assert str(error).startswith(f"[{code}] ")
    assert all(isinstance(v, str) for v in error.details.values())


def test_the_tables_agree():
    native = _native.error_codes()
    ours = [(code, kind.__name__) for code, kind in errors.CODES.items()]
    assert ours[: len(native)] == native
    assert [code for code, _ in ours[len(native) :]] == PYTHON_ONLY
    assert list(get_args(Code)) == list(errors.CODES)
    assert set(ELSEWHERE) <= set(errors.CODES)


def test_the_table_in_the_docs_agrees():
    text = (DOCS / "internals" / "errors.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z._]+)` \| `(\w+)` \| .+ \| .+ \|$", text, re.MULTILINE)
    assert rows == [(code, kind.__name__) for code, kind in errors.CODES.items()]


@pytest.mark.parametrize(
    ("kind", "base"),
    [
        (errors.InvalidInput, ValueError),
        (errors.NotFound, LookupError),
        (errors.Busy, TimeoutError),
        (errors.Io, OSError),
        (errors.MissingExtra, ImportError),
        (errors.Corrupt, errors.EngramError),
        (errors.Internal, Exception),
    ],
)
def test_errors_are_also_the_built_in_they_resemble(kind, base):
    assert issubclass(kind, base)
    assert issubclass(kind, errors.EngramError)


@pytest.mark.parametrize("code", list(errors.CODES))
def test_errors_survive_pickling(code):
    kind = errors.CODES[code]
    error = errors._from_native(code, kind.__name__, "m", "h", {"a": "b"}, 28, "/x")
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is kind
    assert str(again) == str(error) == f"[{code}] m (hint: h)"
    assert (again.code, again.details) == (code, {"a": "b"})
    if isinstance(error, OSError):
        assert (again.errno, again.filename) == (28, "/x")


def test_io_errors_carry_errno_and_file(tmp_path):
    with pytest.raises(errors.Io) as caught:
        engram.open(tmp_path / "absent", create=False)
    assert caught.value.errno == errno.ENOENT
    assert caught.value.filename == str(tmp_path / "absent")


def test_a_lock_timeout_names_the_owner(tmp_path):
    with database(tmp_path) as db, database(tmp_path) as other:
        assert db.lock_owner() is None
        with db.transaction():
            assert db.lock_owner().pid == os.getpid()
            owner = other.lock_owner()
            assert owner.pid == os.getpid()
            assert owner.host
            result = []

            def write():
                try:
                    other.collection("c").put("a")
                except errors.Busy as error:
                    result.append(error)

            thread = threading.Thread(target=write)
            thread.start()
            thread.join()
        (error,) = result
        assert error.code == "lock.timeout"
        assert str(os.getpid()) in error.message
        other.collection("c").put("a")
        assert db.lock_owner() is None
