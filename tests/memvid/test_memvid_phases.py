"""The lines of seed 003 that are done there, one test or more each, named after them."""

import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import document_files
import engram
from engram.cli.commands import app
from engram.compat import memvid
from engram.compat.memvid import (
    EmbeddingFailedError,
    LockedError,
    Memvid,
    MemvidError,
    VecIndexDisabledError,
    VerifyFailedError,
    clip,
    create,
    embeddings,
    entities,
    use,
)
from engram.compat.memvid.embeddings import EmbeddingProvider, HashEmbeddings
from loopback import chat

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "compat-memvid.md"
MODELS = Path(__file__).parents[2].parent / "shared" / "models"


def test_p0_0_a_file_of_python_answers_on_the_command_line(notes):
    notes.seal()
    asked = ["find", "notes.mv2", "database", "--collection", "memory", "--mode", "lexical"]
    done = CliRunner().invoke(app, asked)
    assert done.exit_code == 0, done.output
    assert "PostgreSQL" in done.stdout


HOLD = """
import sys, engram
with engram.open("notes.mv2", embedder=None) as db, db.transaction():
    db.collection("other").put("x", text="held")
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def held(notes):
    """A process that writes to the file."""
    notes.seal()
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", HOLD], stdin=pipe, stdout=pipe) as process:
        assert process.stdout.readline() == b"held\n"
        yield process
        process.kill()


def test_p0_1_locks_are_told_and_never_taken_from_the_living(held):
    owner = memvid.lock_who("notes.mv2")
    assert owner["locked"] is True
    assert owner["owner"]["pid"] == held.pid
    assert memvid.lock_nudge("notes.mv2") is False
    with use("basic", "notes.mv2", lock_timeout_ms=20, force="stale_only") as memory:
        assert memory.find("database")["hits"]
        with pytest.raises(LockedError) as caught:
            memory.put(text="late")
        assert caught.value.code == "MV007"
        assert str(held.pid) in str(caught.value)
    with pytest.raises(LockedError):
        use("basic", "notes.mv2", lock_timeout_ms=20, force_writable=True)
    held.kill()
    held.wait()
    assert memvid.lock_who("notes.mv2") == {"locked": False, "owner": None}
    with use("basic", "notes.mv2", force_writable=True) as memory:
        assert memory.put(text="in time")


def test_p0_1_opening_is_as_asked(folder):
    with pytest.raises(memvid.FileNotFoundError) as caught:
        use("basic", "none.mv2", mode="open")
    assert caught.value.code == "MV013"
    with pytest.raises(MemvidError, match="no adapter for 'langchian'"):
        use("langchian", "none.mv2")
    with pytest.raises(MemvidError, match="force"):
        use("basic", "none.mv2", force="always")
    assert not (folder / "none.mv2").exists()
    create("a.mv2").seal()
    with use("basic", "a.mv2", read_only=True) as memory, pytest.raises(MemvidError) as caught:
        memory.put(text="no")
    assert caught.value.code == "file.read_only"


def test_p0_2_stats_say_whose_vectors_they_are(folder):
    with create("a.mv2") as memory:
        memory.put(text="words alone")
        stats = memory.stats()
        assert stats["effective_vec_dimension"] is None
        assert stats["embedding_identity_summary"] == {"kind": "unknown", "identities": []}
        memory.put_many(
            [{"text": "one"}, {"text": "two"}],
            embeddings=[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]],
            embedding_identity={"provider": "acme", "model": "m", "dimension": 3},
        )
        stats = memory.stats()
        assert stats["effective_vec_dimension"] == 3
        summary = stats["embedding_identity_summary"]
        assert (summary["kind"], summary["identities"][0]["count"]) == ("single", 2)
        assert summary["identities"][0]["identity"]["name"] == "acme:m"


def test_p0_4_verify_of_an_instance_and_of_a_path(notes, folder):
    assert notes.verify(deep=True)["overall_status"] == "passed"
    assert Memvid.verify("notes.mv2", deep=True)["overall_status"] == "passed"
    notes.seal()
    raw = bytearray((folder / "notes.mv2").read_bytes())
    place = raw.rindex(b"PostgreSQL") if b"PostgreSQL" in raw else len(raw) // 2
    raw[place] ^= 0xFF
    (folder / "notes.mv2").write_bytes(raw)
    with pytest.raises(MemvidError) as caught:
        Memvid.verify("notes.mv2", deep=True)
    assert caught.value.code == "MV012"


def test_p0_5_doctor_plans_before_it_acts(notes, capsys):
    notes.seal()
    before = Path("notes.mv2").read_bytes()
    plan = Memvid.doctor("notes.mv2", dry_run=True, rebuild_lex_index=True, vacuum=True)
    assert plan["status"] == "plan_only"
    assert plan["plan"]["actions"]
    assert "would do" in capsys.readouterr().out
    assert Path("notes.mv2").read_bytes() == before
    Memvid.doctor("notes.mv2", dry_run=True, quiet=True)
    assert capsys.readouterr().out == ""
    assert Memvid.doctor("notes.mv2", vacuum=True)["status"] in {"healed", "clean"}
    with use("basic", "notes.mv2") as memory:
        assert memory.find("database")["hits"]


def test_p0_6_one_file_is_all_there_is(notes, folder):
    memvid.verify_single_file("notes.mv2")
    (folder / "notes.mv2-wal").write_bytes(b"")
    with pytest.raises(VerifyFailedError, match=r"notes\.mv2-wal"):
        memvid.verify_single_file("notes.mv2")


def test_p0_8_versions():
    assert memvid.info()["sdk_version"] == engram.__version__
    assert memvid.version_info()["engram"] == engram.__version__
    assert memvid.is_telemetry_enabled() is False


def code_of(text):
    """The code spans of a text: names, and signatures by name."""
    text = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    spans = re.findall(r"`([^`]+)`", text)
    written = [re.fullmatch(r"(\w+)\((.+)\)", span) for span in spans]
    return (
        {name for span in spans for name in re.match(r"\w*", span).group(0).split()},
        {found[1]: found[2].split(", ") for found in written if found is not None},
    )


def test_p0_9_the_page_names_all_that_is_there():
    above, methods = PAGE.read_text(encoding="utf-8").split("## `Memvid`\n")
    methods, rest = methods.split("\n\n`engram.compat.memvid.embeddings`")
    public = {name for name in dir(Memvid) if not name.startswith("_")}
    assert public - code_of(methods)[0] == set()
    modules = (memvid, embeddings, entities, clip)
    public = {name for module in modules for name in module.__all__}
    assert public - code_of(above + rest)[0] == {"Memvid"}  # the heading


def test_p0_9_signatures_are_those_of_the_page(folder):
    above, methods = PAGE.read_text(encoding="utf-8").split("## `Memvid`\n")
    methods = methods.strip().split("\n\n")[0]
    signatures = [(memvid, *one) for one in code_of(above)[1].items()]
    signatures += [(Memvid, *one) for one in code_of(methods)[1].items()]
    assert {"create", "use", "lock", "put", "put_many", "find", "ask"} <= {s[1] for s in signatures}
    with create("a.mv2") as memory:
        for owner, name, written in signatures:
            known = inspect.signature(getattr(owner, name)).parameters
            open_ended = [p for p in known.values() if p.kind is p.VAR_KEYWORD]
            for one in set(written) - set(known) - {"*", "..."}:
                assert open_ended, (name, one)
                getattr(memory, name)("x", **{one: None})  # refused where there is none
        for method in (memory.find, memory.ask):
            with pytest.raises(TypeError, match="no_such"):
                method("x", no_such=None)


def test_p0_10_nvidia_fails_before_any_network_and_answers_with_a_model(notes, serve, monkeypatch):
    monkeypatch.setenv("NVIDIA_API_KEY", "nv-secret")
    server = serve(chat("nvidia", "PostgreSQL [1]."))
    monkeypatch.setenv("NVIDIA_BASE_URL", server.url)
    with pytest.raises(MemvidError, match="NVIDIA_LLM_MODEL"):
        notes.ask("What database are we using?", model="nvidia")
    assert server.requests == []
    monkeypatch.setenv("NVIDIA_LLM_MODEL", "meta/llama")
    answer = notes.ask("What database are we using?", model="nvidia")
    assert (answer["text"], answer["model"]) == ("PostgreSQL [1].", "nvidia:meta/llama")


def test_p1_0_the_identity_of_vectors_is_kept_and_mixing_refused(folder):
    first = {"provider": "acme", "model": "m", "dimension": 2}
    with create("a.mv2", enable_vec=True) as memory:
        memory.put_many([{"text": "one"}], embeddings=[[1.0, 0.0]], embedding_identity=first)
    with use("basic", "a.mv2") as memory:
        with pytest.raises(EmbeddingFailedError) as caught:
            memory.put_many(
                [{"text": "two"}],
                embeddings=[[0.0, 1.0]],
                embedding_identity={**first, "model": "other"},
            )
        assert caught.value.code == "MV015"
        assert memory.stats()["vector_count"] == 1


def test_p1_2_queries_by_vectors_of_ones_own(folder):
    texts = [{"text": "apples are red"}, {"text": "pears are green"}]
    with create("a.mv2", enable_vec=True) as memory:
        memory.put_many(texts, embeddings=[[1.0, 0.0], [0.0, 1.0]])
        near = {"query_embedding": [0.1, 1.0]}
        found = memory.find("x", mode="sem", **near)
        assert found["hits"][0]["text"] == "pears are green"
        assert found["engine"] == "semantic"
        both = memory.find("apples", mode="auto", **near)
        assert both["engine"] == "hybrid"
        assert len(both["hits"]) == 2
        answer = memory.ask("pears", mode="sem", k=1, **near)
        assert [hit["text"] for hit in answer["hits"]] == ["pears are green"]
        cut = memory.find(
            "x", mode="sem", adaptive=True, min_relevancy=0.9, max_k=5,
            adaptive_strategy="relative", **near,
        )  # fmt: skip
        assert len(cut["hits"]) == 1
        with pytest.raises(EmbeddingFailedError):
            memory.find("x", mode="sem")


def test_p1_3_flags_tell_the_truth(folder):
    with create("a.mv2") as memory:
        memory.put(text="no vector was asked for")
        assert memory.stats()["has_vec_index"] is False
        with pytest.raises(VecIndexDisabledError) as caught:
            memory.find("x", mode="sem")
        assert caught.value.code == "MV011"
        with pytest.raises(EmbeddingFailedError) as caught:
            memory.put(text="two", enable_embedding=True, embedding_model="bge-small")
        assert caught.value.code == "MV015"
        assert "models install" in caught.value.hint
        assert memory.stats()["frame_count"] == 1
        memory.put(text="three", enable_embedding=True)
        assert memory.stats()["vector_count"] == 1
        with pytest.raises(MemvidError, match="vector_compression"):
            memory.put(text="four", vector_compression=True)


def test_p1_4_the_model_is_found_by_what_is_stored(folder):
    with create("a.mv2") as memory:
        memory.put(text="storks fly south", enable_embedding=True)
    with use("basic", "a.mv2") as memory:
        assert memory.find("birds that travel", mode="sem")["hits"]
    with create("b.mv2") as memory:
        memory.put_many([{"text": "x"}], embeddings=[[1.0, 2.0, 3.0]])
        with pytest.raises(EmbeddingFailedError, match="3 dimensions"):
            memory.find("x", mode="sem")


class Own(EmbeddingProvider):
    dimension, model_name = 2, "own"

    def embed_documents(self, texts):
        return [[1.0, 0.0] if "a" in text else [0.0, 1.0] for text in texts]

    def embed_query(self, text):
        return self.embed_documents([text])[0]


@pytest.mark.parametrize("embedder", [Own(), HashEmbeddings()], ids=["own", "hash"])
def test_p1_5_embedders_of_ones_own(folder, embedder):
    with create("a.mv2") as memory:
        memory.put_many([{"text": "a"}, {"text": "b"}], embedder=embedder)
        found = memory.find("b", mode="sem", embedder=embedder)
        assert found["hits"][0]["text"] == "b"
        assert memory.ask("b", embedder=embedder)["hits"]
        identity = memory.stats()["embedding_identity_summary"]["identities"][0]["identity"]
        assert identity["dimension"] == embedder.dimension
        with pytest.raises(EmbeddingFailedError):
            memory.find("b", mode="sem", query_embedding_model="engram-static-v1")


def test_p2_0_clip(folder):
    with pytest.raises(MemvidError) as caught:
        memvid.ClipModel("none-of-that-name")
    assert caught.value.code == "MV016"
    if not MODELS.exists():
        pytest.skip("the small models are not here")
    model = memvid.ClipModel(MODELS / "clip")
    image = next((MODELS / "clip" / "images").iterdir())
    assert len(model.embed_image(image)) == len(model.embed_text("a dog")) == model.dims
    assert model.embed_images([image]) == [model.embed_image(image)]


def test_p2_1_ner(folder):
    with pytest.raises(MemvidError) as caught:
        memvid.NerModel("none-of-that-name")
    assert caught.value.code == "MV017"
    rules = memvid.NerModel("rules")
    found = rules.extract("Alice met Bob in Paris.", 0.5)
    assert [one["type"] for one in found] == ["PERSON", "PERSON", "GPE"]
    assert "PERSON" in rules.entity_types
    if MODELS.exists():
        assert memvid.NerModel(MODELS / "ner").entity_types


def test_p2_2_tables(folder):
    pytest.importorskip("pdfplumber")
    rows = [["Fruit", "Price"], ["Apple", "3"], ["Pear", "4"]]
    (folder / "prices.pdf").write_bytes(
        document_files.pdf(["Prices"], drawings=[document_files.ruled(rows)])
    )
    with create("a.mv2") as memory:
        done = memory.put_pdf_tables("prices.pdf", embed_rows=True)
        assert (done["tables_count"], done["total_rows"]) == (1, 2)
        (listed,) = memory.list_tables()
        assert listed["table_id"] == done["table_ids"][0]
        assert listed["headers"] == ["Fruit", "Price"]
        records = memory.get_table(listed["table_id"], format="records")
        assert records == [{"Fruit": "Apple", "Price": "3"}, {"Fruit": "Pear", "Price": "4"}]
        assert memory.stats()["has_vec_index"] is True
        with pytest.raises(MemvidError) as caught:
            memory.get_table("none")
        assert caught.value.code == "MV010"
