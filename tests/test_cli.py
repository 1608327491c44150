"""The command line: what it prints, where, and with which exit code."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import engram
from engram import errors
from engram.cli.commands import app
from engram.cli.failure import EXIT_CODES

DOCS = Path(__file__).parent.parent / "docs"
MARKDOWN = "# Travel\n\nAlice met Bob in Paris.\n\n# Food\n\nThe recipe needs two eggs.\n"
PAGE = "<title>Page</title><p>Berlin has <b>many</b> lakes.</p>"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_text(MARKDOWN)
    (tmp_path / "docs" / "it's.html").write_text(PAGE)
    (tmp_path / "docs" / "b.bin").write_bytes(b"\xff\x00")
    (tmp_path / "docs" / ".hidden.md").write_text("hidden")
    return tmp_path


def run(*args, code=0, data=None):
    """Run a command; give its stdout, or its stderr where it should fail."""
    result = CliRunner().invoke(app, [str(a) for a in args], input=data)
    assert result.exit_code == code, (result.stdout, result.stderr, result.exception)
    return result.stdout if code == 0 else result.stderr


def run_json(*args, **kwargs):
    return json.loads(run(*args, "--json", **kwargs))


@pytest.fixture
def filled(folder):
    run("put", "n.engram", "docs")
    return folder


def test_put_splits_files_into_passages_with_their_place(filled):
    with engram.open("n.engram") as db:
        records = {r.id: r for r in db.collection("default").iterate()}
    assert {r.metadata["source"] for r in records.values()} == {"docs/a.md", "docs/it's.html"}
    for record in records.values():
        source = Path(record.metadata["source"]).read_text()
        cut = source[record.metadata["start"] : record.metadata["end"]]
        assert re.sub("<[^>]*>", "", cut) == record.text
    titles = {r.metadata["title"] for r in records.values()}
    assert titles == {"Travel", "Food", "Page"}


def test_putting_again_replaces_the_old_passages(filled):
    (filled / "docs" / "a.md").write_text("Only this is left.")
    summary = run_json("put", "n.engram", "docs")
    assert summary == {
        "collection": "default",
        "sources": 2,
        "records": 2,
        "skipped": 1,
        "skipped_paths": ["docs/b.bin"],
    }
    listed = run_json("list", "n.engram", "--where", "source = 'docs/a.md'")
    assert listed["total"] == 1
    assert listed["records"][0]["text"] == "Only this is left."


def test_put_reads_stdin_globs_and_records(folder):
    run("put", "n.engram", "-", "--source", "mail", data="Hello from a pipe.")
    assert run_json("get", "n.engram", "mail#0-18")[0]["text"] == "Hello from a pipe."
    run("put", "n.engram", "docs", "-c", "html", "--glob", "*.html")
    assert run_json("list", "n.engram", "-c", "html")["total"] == 1
    Path("r.jsonl").write_text('{"id": "r1", "text": "one", "metadata": {"n": 1}}\n')
    run("put", "n.engram", "r.jsonl", "-c", "records")
    assert run_json("get", "n.engram", "r1", "-c", "records")[0]["metadata"] == {"n": 1}
    run("put", "n.engram", "-", "--as", "jsonl", data='{"id": "r2", "text": "two"}\n')
    assert run_json("get", "n.engram", "r2")[0]["text"] == "two"
    run("put", "n.engram", "docs/b.bin", code=2)
    run("put", "n.engram", "docs/b.bin", "--as", "text", code=2)
    run("put", "n.engram", "absent.md", code=8)
    run("put", "n.engram", "docs", "--as", "doc", code=2)


def test_put_without_embedding_stores_no_vectors(folder):
    run("put", "n.engram", "docs/a.md", "--no-embed", "--max-chars", "20")
    with engram.open("n.engram") as db:
        assert db.collection("default").spaces() == ()
        assert all(len(r.text) <= 20 for r in db.collection("default").iterate())


def test_find_shows_passages_and_what_ran(filled):
    shown = run("find", "n.engram", "eggs", "-k", "1")
    assert "docs/a.md#" in shown
    assert "two eggs" in shown
    assert "lexical + semantic" in shown
    found = run_json("find", "n.engram", "eggs", "--mode", "lexical", "--where", "title = 'Food'")
    assert [hit["metadata"]["title"] for hit in found["hits"]] == ["Food"]
    assert found["report"]["retrievers"] == ["lexical"]


def test_get_list_and_delete(filled):
    ids = [r["id"] for r in run_json("list", "n.engram")["records"]]
    assert len(ids) == 3
    assert "3 of 3 records" in run("list", "n.engram")
    assert len(run_json("list", "n.engram", "-n", "1")["records"]) == 1
    assert f"id: {ids[0]}" in run("get", "n.engram", ids[0])
    assert "vectors" in run_json("get", "n.engram", ids[0], "--vectors")[0]
    assert "ghost" in run("get", "n.engram", ids[0], "ghost", code=3)
    assert run_json("delete", "n.engram", ids[0], "ghost") == {"deleted": 1}
    assert run_json("delete", "n.engram", "--where", "start >= 0") == {"deleted": 2}
    run("delete", "n.engram", code=2)
    run("delete", "n.engram", "a", "--where", "start >= 0", code=2)


def test_hints_speak_the_language_of_the_command_line(filled):
    absent = run("find", "absent.engram", "x", code=8)
    assert absent.endswith("(hint: check the path; engram put makes a new file)\n")
    empty = run("find", "n.engram", " ", code=2)
    assert empty.endswith("(hint: give words to look for; engram list shows all records)\n")


def test_optimize_says_which_snapshots_keep_what_was_deleted(filled):
    assert run_json("optimize", "n.engram")["snapshots"] == []
    assert "kept by" not in run("optimize", "n.engram")
    run("snapshot", "create", "n.engram", "before")
    run("delete", "n.engram", "--where", "start >= 0")
    assert run_json("optimize", "n.engram")["snapshots"] == ["before"]
    assert "before" in run("optimize", "n.engram")


def test_stats_verify_doctor_optimize_backup(filled):
    stats = run_json("stats", "n.engram")
    assert stats["records"] == 3
    assert "default" in run("stats", "n.engram")
    assert run_json("verify", "n.engram", "--deep")["ok"] is True
    assert "sound" in run("verify", "n.engram")
    assert run_json("recall-check", "n.engram", "-k", "2")["recall"] == 1
    assert "1.0000 of the true 5 nearest" in run("recall-check", "n.engram", "-k", "5")
    assert run_json("doctor", "n.engram", "--dry-run")["problems"] == []
    assert "3 records kept" in run("doctor", "n.engram", "--rebuild", "--vacuum")
    assert run_json("optimize", "n.engram")["records"] == 3
    assert "bytes" in run("optimize", "n.engram")
    assert run_json("backup", "n.engram", "b.engram")["records"] == 3
    assert run_json("stats", "b.engram")["records"] == 3
    assert "error[file.exists]" in run("backup", "n.engram", "b.engram", code=4)


def test_verify_of_a_damaged_file_fails(filled):
    raw = bytearray(Path("n.engram").read_bytes())
    with engram.open("n.engram", read_only=True) as db:
        assert db.verify(deep=True)
    for offset in range(0, len(raw), 97):
        raw[offset] ^= 0x55
    Path("n.engram").write_bytes(raw)
    result = CliRunner().invoke(app, ["verify", "n.engram", "--deep"])
    assert result.exit_code in {6, 7}


def test_snapshots(filled):
    made = run_json("snapshot", "create", "n.engram", "s")
    assert made["name"] == "s"
    run("delete", "n.engram", "--where", "start >= 0")
    assert [s["name"] for s in run_json("snapshot", "list", "n.engram")] == ["s"]
    assert "s" in run("snapshot", "list", "n.engram")
    run("snapshot", "restore", "n.engram", "s")
    assert run_json("list", "n.engram")["total"] == 3
    assert run_json("snapshot", "delete", "n.engram", "s") == {"deleted": "s"}
    run("snapshot", "delete", "n.engram", "s", code=3)
    run("snapshot", "restore", "n.engram", "s", code=3)


@pytest.mark.parametrize("name", ["o.jsonl", "o.jsonl.gz", "o.parquet"])
def test_export_and_import(filled, name):
    assert run_json("export", "n.engram", name) == {"exported": 3, "path": name}
    assert run_json("import", "m.engram", name, "-c", "copy")["imported"] == 3
    for query in ("list", "m.engram", "-c", "copy"), ("list", "n.engram"):
        records = sorted(run_json(*query)["records"], key=lambda r: r["id"])
        assert len(records) == 3
    assert "exported 3 records" in run("export", "n.engram", name)
    assert "imported 3 records" in run("import", "m.engram", name)


def test_errors_are_one_line_with_code_and_hint(filled):
    for args, code, start in (
        (("find", "n.engram", "x", "--where", "yeer = 1"), 2, "error[filter.unknown_field]: "),
        (("find", "n.engram", "x", "-c", "ghost"), 3, "error[collection.not_found]: "),
        (("find", "absent.engram", "x"), 8, "error[file.not_found]: "),
        (("stats", "docs/a.md"), 7, "error[format.not_engram]: "),
        (("find", "n.engram", " "), 2, "error[query.empty]: "),
    ):
        for options in ((), ("--json",)):
            shown = run(*args, *options, code=code)
            assert shown.startswith(start)
            assert shown.count("\n") == 1
    assert "(hint: " in run("find", "n.engram", "x", "-c", "ghost", code=3)
    assert not Path("absent.engram").exists()


def test_debug_shows_the_traceback(filled):
    result = CliRunner().invoke(app, ["--debug", "find", "absent.engram", "x"])
    assert isinstance(result.exception, errors.Io)


def test_help_and_version(folder):
    shown = run("--version")
    assert engram.__version__ in shown
    assert "find" in run("--help")
    for command in COMMANDS:
        assert run(*command.split(), "--help").startswith("Usage")


COMMANDS = [
    "put", "find", "get", "list", "delete", "stats", "verify", "doctor", "optimize", "backup",
    "recall-check", "export", "import", "import file", "import chroma", "import lancedb",
    "import qdrant", "import faiss", "import sqlite-vec", "snapshot create", "snapshot list",
    "snapshot restore", "snapshot delete", "reembed", "evaluate", "query-set import",
    "query-set export", "query-set list", "query-set delete", "lock", "unlock", "nudge",
]  # fmt: skip


def test_the_reference_names_every_command_option_and_exit_code():
    text = (DOCS / "reference" / "cli.md").read_text(encoding="utf-8")
    for command in COMMANDS:
        assert f"## engram {command}\n" in text
        section = text.partition(f"## engram {command}\n")[2].partition("\n## ")[0]
        options = set(re.findall(r"(--[a-z][a-z-]+)", run(*command.split(), "--help")))
        documented = set(re.findall(r"`(--[a-z][a-z-]+)", section)) | {"--help"}
        assert options <= documented | {"--json"}, command
        assert documented <= options, command
    rows = re.findall(r"^\| (\d+) \| `(\w+)` \|", text, re.MULTILINE)
    assert {name: int(code) for code, name in rows} == {
        kind.__name__: code for kind, code in EXIT_CODES.items()
    }
    assert set(EXIT_CODES) == set(errors.CODES.values())


def test_a_real_process_keeps_data_and_errors_apart(filled):
    def process(*args, **kwargs):
        return subprocess.run(
            [sys.executable, "-m", "engram", *args],
            capture_output=True, text=True, check=False, **kwargs,
        )  # fmt: skip

    found = process("find", "n.engram", "eggs", "--json")
    assert (found.returncode, found.stderr) == (0, "")
    assert json.loads(found.stdout)["hits"]
    failed = process("find", "absent.engram", "eggs", "--json")
    assert (failed.returncode, failed.stdout) == (8, "")
    assert failed.stderr.startswith("error[file.not_found]: ")
    wrong = process("find")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    piped = process("put", "n.engram", "-", input="Grüße\n", encoding="utf-8")
    assert piped.returncode == 0, piped.stderr


def test_texts_are_embedded_again_with_another_model(filled):
    with engram.open("n.engram") as db:
        before = db.collection("default")
        count, identity = len(before), before.spaces()[0].identity
    report = json.loads(run("reembed", "n.engram", "--model", "hash", "--json"))["default"]
    assert (report["identity_before"], report["embedded"]) == (identity, count)
    assert "no collection" in run("reembed", "n.engram", "-m", "hash", "-c", "other", code=3)
    assert run("reembed", "n.engram", "-m", "hash").strip() == "default: 0 texts embedded"
