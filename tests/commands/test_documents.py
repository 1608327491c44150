"""engram memory put, put-many, find, get, blob, delete, timeline, stats, info."""

import json

import pytest

import engram
from engram import Memory


def test_a_folder_is_put_and_put_again(folder, run, run_json):
    first = run_json("memory", "put", "n.engram", "docs", "--tag", "camping")
    assert (first["added"], first["failed"]) == (3, [])
    assert run_json("memory", "put", "n.engram", "docs", "--tag", "camping")["unchanged"] == 3
    (folder / "docs" / "tower.txt").unlink()
    (folder / "docs" / "ada.md").write_text("# Ada\n\nAda left.")
    again = run_json("memory", "put", "n.engram", "docs", "--tag", "camping", "--remove-vanished")
    assert (again["replaced"], again["unchanged"], len(again["removed"])) == (1, 1, 1)
    assert run("memory", "put", "n.engram", "docs", "--tag", "tents") == "2 replaced in 'memory'\n"
    with Memory.open("n.engram") as memory:
        assert memory.find("Ada", mode="lex")[0].document.tags == ("tents",)


def test_files_and_stdin_are_put_with_what_is_said_of_them(folder, run):
    said = ["--title", "Mail", "--uri", "mail/1", "--timestamp", "2024-05-01", "--label", "inbox"]
    more = ["--metadata", '{"from": "Grace"}', "--kind", "mail", "--track", "work"]
    run("memory", "put", "n.engram", "-", *said, *more, data="Tents keep you dry.")
    with Memory.open("n.engram") as memory:
        stored = memory.get("mail/1")
    assert (stored.title, stored.label, stored.kind, stored.track) == (
        "Mail", "inbox", "mail", "work",
    )  # fmt: skip
    assert stored.timestamp.startswith("2024-05-01")
    assert stored.metadata == {"from": "Grace"}
    error = run("memory", "put", "n.engram", "docs", "--title", "x", code=2)
    assert "are of one file" in error
    assert "no JSON object" in run("memory", "put", "n.engram", "-", "--metadata", "[", code=2)


def test_what_cannot_be_put_is_named_and_keeps_nothing_out(folder, run, run_json):
    (folder / "docs" / "broken.pdf").write_bytes(b"%PDF-1.4 nonsense")
    error = run("memory", "put", "n.engram", "docs", code=6)
    assert "failed: docs/broken.pdf: [document.damaged]" in error
    assert run_json("memory", "stats", "n.engram")["documents"] == 3


def test_many_documents_are_put_from_json_lines(folder, run, run_json):
    lines = [{"text": "One tent.", "uri": "1"}, {"text": "Two stoves.", "uri": "2", "tags": ["a"]}]
    (folder / "many.jsonl").write_text("\n".join(map(json.dumps, lines)))
    assert run_json("memory", "put-many", "n.engram", "many.jsonl")["added"] == 2
    found = run_json("memory", "find", "n.engram", "stoves", "--tag", "a")
    assert [hit["document"]["uri"] for hit in found["hits"]] == ["2"]
    assert "line 1 of -" in run("memory", "put-many", "n.engram", "-", data="[1]", code=2)


def test_find_shows_passages_their_place_and_what_ran(filled, run, run_json):
    shown = run("memory", "find", "n.engram", "Eiffel Tower", "-k", "1")
    first, snippet, ran, more = shown.splitlines()
    assert first.startswith("1. docs/tower.txt 0-61  (")
    assert "Eiffel Tower" in snippet
    assert ran == "1 passages, hybrid"
    cursor = more.removeprefix("more: --cursor ")
    next_page = run_json(
        "memory", "find", "n.engram", "Eiffel Tower", "-k", "1", "--cursor", cursor
    )
    assert next_page["hits"][0]["document"]["uri"] != "docs/tower.txt"
    lexical = run_json("memory", "find", "n.engram", "Eiffel", "--mode", "lex", "--adaptive")
    assert (lexical["mode"], len(lexical["hits"])) == ("lexical", 1)
    scoped = run_json("memory", "find", "n.engram", "Eiffel", "--scope", "docs/a", "--mode", "sem")
    assert [hit["document"]["uri"] for hit in scoped["hits"]] == ["docs/ada.md"]
    assert run_json("memory", "find", "n.engram", "Eiffel", "--until", "1999")["hits"] == []


def test_who_asks_is_said_as_json(folder, run, run_json):
    run("memory", "put", "n.engram", "docs/ada.md", "--access", '{"roles": ["boss"]}')
    find = ["memory", "find", "n.engram", "Ada"]
    assert run_json(*find, "--access", '{"roles": ["guest"]}')["hits"] == []
    assert len(run_json(*find, "--access", '{"roles": ["boss"]}')["hits"]) == 1
    assert "--access is" in run(*find, "--access", '{"rolls": ["boss"]}', code=2)
    run("memory", "get", "n.engram", "docs/ada.md", "--access", '{"roles": ["guest"]}', code=3)


def test_documents_are_shown_given_back_and_deleted(filled, run, run_json):
    text = (filled / "docs" / "tower.txt").read_text()
    assert run("memory", "get", "n.engram", "docs/tower.txt", "--text") == text + "\n"
    assert "uri: docs/tower.txt" in run("memory", "get", "n.engram", "docs/tower.txt")
    assert run_json("memory", "get", "n.engram", "docs/tower.txt")["text"] == text
    run("memory", "blob", "n.engram", "docs/tower.txt", "-o", "back.txt")
    assert (filled / "back.txt").read_bytes() == text.encode()
    assert run("memory", "blob", "n.engram", "docs/tower.txt") == text
    assert run_json("memory", "delete", "n.engram", "docs/tower.txt") == {"deleted": 1}
    for command in ("get", "blob", "delete"):
        error = run("memory", command, "n.engram", "docs/tower.txt", code=3)
        assert "error[record.not_found]" in error


def test_what_is_forgotten_is_gone_and_can_be_checked(filled, run, run_json):
    forget = ["memory", "forget", "n.engram", "--entity", "Ada Lovelace"]
    assert run(*forget, "--dry-run").startswith("would erase: 1 documents")
    run("snapshot", "create", "n.engram", "before")
    assert "snapshot.holds" in run(*forget, code=4)
    shown = run(*forget, "--delete-snapshots", "--receipt", "receipt.json")
    assert shown.startswith("erased: 1 documents")
    assert "deleted: 1 snapshots" in shown
    check = ["memory", "verify-forgotten", "n.engram"]
    # It reads, so whoever writes is not waited for.
    with engram.open("n.engram", embedder=None) as db, db.transaction():
        assert run(*check, "receipt.json") == "forgotten\n"
    assert run_json(*check, "-", data=(filled / "receipt.json").read_text())["forgotten"]
    assert b"Lovelace" not in (filled / "n.engram").read_bytes()
    run("memory", "put", "n.engram", "docs")
    result = json.loads((filled / "receipt.json").read_text())
    assert result["counts"]["documents"] == 1
    run(*check, "receipt.json", code=6)
    assert "input.invalid" in run("memory", "forget", "n.engram", code=2)


def test_timeline_stats_and_info(filled, run, run_json):
    run("memory", "put", "n.engram", "-", "--uri", "old", "--timestamp", "1999-05-01", data="Old.")
    assert run_json("memory", "timeline", "n.engram", "--reverse", "-n", "1")[0]["uri"] == "old"
    assert len(run_json("memory", "timeline", "n.engram", "-n", "0")) == 4
    assert (
        run("memory", "timeline", "n.engram", "--until", "2000").splitlines()[1].startswith("1999")
    )
    stats = run_json("memory", "stats", "n.engram")
    assert stats["documents"] == 4
    assert stats["embedding_identity_summary"]["kind"] == "single"
    assert "4 documents" in run("memory", "stats", "n.engram")
    assert run_json("memory", "info", "n.engram")["name"] == "memory"
    assert "name: memory" in run("memory", "info", "n.engram")


@pytest.mark.parametrize("command", ["find n.engram x -m other", "stats n.engram -m other"])
def test_a_memory_that_is_not_there_is_not_found(filled, run, command):
    error = run("memory", *command.split(), code=3)
    assert "no memory 'other'" in error
    assert "memories of this file: memory" in error


def test_words_alone_need_no_embedder(folder, run, run_json):
    run("memory", "put", "n.engram", "docs", "--no-embed")
    assert run_json("memory", "stats", "n.engram")["effective_vec_dimension"] is None
    assert (
        run_json("memory", "find", "n.engram", "Eiffel", "--embedder", "none")["mode"] == "lexical"
    )
    run("memory", "find", "n.engram", "Eiffel", "--embedder", "no-such-model", code=3)


def test_nudge_lock_and_unlock(filled, run, run_json):
    assert run("nudge", "n.engram").startswith("free")
    assert run_json("nudge", "n.engram")["owner"] is None
    pytest.importorskip("cryptography")
    key = {"ENGRAM_PASSWORD": "open sesame"}
    run("lock", "n.engram", env=key)
    run("unlock", "n.engram.sealed", "-o", "back.engram", env={"ENGRAM_PASSWORD": "x"}, code=2)
    run_json("unlock", "n.engram.sealed", "-o", "back.engram", env=key)
    assert run_json("memory", "stats", "back.engram")["documents"] == 3
    run("lock", "n.engram", "-o", "asked.sealed", data="abc\nabc\n", env={"ENGRAM_PASSWORD": None})
    run("unlock", "asked.sealed", "-o", "2.engram", data="abc\n", env={"ENGRAM_PASSWORD": None})
