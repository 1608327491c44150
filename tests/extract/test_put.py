"""``engram put`` reads documents, and passages know their place."""

import json

import pytest
from typer.testing import CliRunner

import engram
from document_files import FILES, mail, name_of, pdf
from engram.cli.commands import app
from engram.extract import extract, kinds


def run(*args, code=0, data=None):
    result = CliRunner().invoke(app, list(args), input=data)
    assert result.exit_code == code, (result.output, result.exception)
    return result.stdout if code == 0 else result.stderr


def records():
    with engram.open("n.engram", embedder=None) as db:
        return list(db.collection("default").iterate())


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docs").mkdir()
    return tmp_path / "docs"


@pytest.mark.parametrize("kind", [kind for kind in FILES if kind != "jsonl"])
def test_passages_of_every_kind_have_their_place(folder, kind):
    raw = FILES[kind]()
    (folder / name_of(kind)).write_bytes(raw)
    run("put", "n.engram", "docs", "--no-embed")
    document = extract(raw, kind=kind)
    found = records()
    assert found
    for record in found:
        about = record.metadata
        assert about["source"] == f"docs/{name_of(kind)}"
        if kind == "html":
            continue  # Offsets are into the source, as test_cli.py shows.
        assert document.text[about["start"] : about["end"]] == record.text
        if kind != "markdown":
            place = document.where(about["start"])
            assert {name: about[name] for name in place} == place


def test_passages_carry_what_the_document_says_of_itself(folder):
    (folder / "a.eml").write_bytes(mail())
    run("put", "n.engram", "docs/a.eml", "--no-embed")
    dates = {record.metadata["date"] for record in records()}
    assert dates == {"2026-01-02T03:04:05+01:00"}
    found = json.loads(run("find", "n.engram", "sponge", "--json"))
    about = found["hits"][0]["metadata"]
    assert (about["attachment"], about["page"]) == ("tents.pdf", 2)


def test_one_bad_file_of_a_folder_does_not_stop_the_rest(folder):
    (folder / "a.pdf").write_bytes(b"%PDF-1.4 cut")
    (folder / "b.txt").write_bytes(b"\x89PNG\r\n\x1a\n")
    (folder / "c.pdf").write_bytes(pdf())
    (folder / "d.bin").write_bytes(b"\0")
    error = run("put", "n.engram", "docs", "--no-embed", code=6)
    assert error.startswith("error[document.damaged]: 2 of 3 sources could not be read: docs/a.pdf")
    assert "docs/b.txt [document.unsupported]" in error
    assert [record.metadata["page"] for record in records()] == [1, 2]
    result = CliRunner().invoke(app, ["put", "n.engram", "docs", "--no-embed", "--json"])
    assert result.exit_code == 6
    summary = json.loads(result.stdout)
    assert [one["code"] for one in summary["failed"]] == [
        "document.damaged", "document.unsupported",
    ]  # fmt: skip
    assert (summary["sources"], summary["records"], summary["skipped"]) == (1, 2, 1)
    run("put", "n.engram", "docs/a.pdf", code=6)
    run("put", "n.engram", "docs/b.txt", code=2)


def test_stdin_and_unknown_names_are_told_by_content(folder):
    run("put", "n.engram", "-", "--source", "manual", "--no-embed", data=pdf())
    assert [record.metadata["page"] for record in records()] == [1, 2]
    (folder / "Makefile").write_text("all: test\n")
    run("put", "n.engram", "docs/Makefile", "--no-embed")
    assert "all: test" in {record.text for record in records()}


def test_front_matter_needs_no_extra(folder, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "yaml", None)
    (folder / "a.md").write_bytes(FILES["markdown"]())
    run("put", "n.engram", "docs", "--no-embed")
    assert {record.metadata.get("title") for record in records()} >= {"Care", "Repairs"}


def test_a_folder_without_the_extra_leaves_such_files_out(folder, monkeypatch):
    (folder / "a.docx").write_bytes(FILES["docx"]())
    (folder / "b.txt").write_text("plain")
    monkeypatch.setattr("engram.cli.sources.find_spec", lambda name: None)
    run("put", "n.engram", "docs", "--no-embed")
    assert {record.metadata["source"] for record in records()} == {"docs/b.txt"}
    packages = {kind.name for kind in kinds.KINDS if kind.package}
    assert packages == {"pdf", "docx", "pptx", "xlsx", "epub"}
