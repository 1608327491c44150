"""engram memory ask, session, tables, facts."""

import json

import pytest

from loopback import Reply, chat

QUESTION = "When was the Eiffel Tower built?"


def test_ask_gives_sentences_and_their_sources(filled, run, run_json):
    shown = run("memory", "ask", "n.engram", QUESTION).splitlines()
    assert "1887 to 1889. [1]" in shown[0]
    assert shown[-1] == "[1] docs/tower.txt (0-61)"
    plain = run_json("memory", "ask", "n.engram", QUESTION, "--sources", "-k", "2")
    assert (plain["found"], plain["mode"], len(plain["sources"])) == (True, "extractive", 2)
    context = run("memory", "ask", "n.engram", QUESTION, "--context-only", "--mode", "lex")
    assert context.startswith('<passage number="1" source="docs/tower.txt"')
    nothing = run("memory", "ask", "n.engram", "Who tunes the violin?")
    assert nothing == "Nothing in memory answers this.\n"


def test_ask_lets_a_model_answer(filled, run, run_json, serve, monkeypatch):
    server = serve(chat("openai", "It was built from ", "1887 to 1889 [1]. It is blue [7]."))
    monkeypatch.setenv("OPENAI_API_KEY", "sk-1")
    asked = ["memory", "ask", "n.engram", QUESTION, "--model", "openai:m", "--base-url", server.url]
    shown = run(*asked)
    assert shown.startswith("It was built from 1887 to 1889 [1]. It is blue [7].\n\n[1] docs/tower")
    assert server.requests[0].body["stream"] is True
    plain = run_json(*asked, "--max-tokens", "20", "--instructions", "Be brief.")
    assert (plain["model"], plain["unknown"], plain["grounded"]) == ("openai:m", [7], False)
    assert "stream" not in server.requests[1].body
    assert server.requests[1].body["max_completion_tokens"] == 20
    assert server.requests[1].body["messages"][0]["content"].endswith("Be brief.")


def test_ask_keeps_personal_data_here(filled, run, serve, monkeypatch):
    server = serve(chat("openai", "Write to <EMAIL_1> [1]."))
    monkeypatch.setenv("OPENAI_API_KEY", "sk-1")
    question = "How do I write to ada@example.com?"
    model = ["--model", "openai:m", "--base-url", server.url, "--mask-pii"]
    shown = run("memory", "ask", "n.engram", question, *model)
    assert shown.startswith("Write to ada@example.com [1].")
    assert "ada@example.com" not in json.dumps(server.requests[0].body)


def test_ask_fails_loudly(filled, run, serve, monkeypatch):
    ask = ["memory", "ask", "n.engram", QUESTION]
    assert "NVIDIA_LLM_MODEL" in run(*ask, "--model", "nvidia", code=2)
    assert "error[remote.key]" in run(*ask, "--model", "openai:m", code=2)
    assert "error[provider.unknown]" in run(*ask, "--model", "openia:m", code=2)
    assert "without --model" in run(*ask, "--base-url", "http://127.0.0.1:1", code=2)
    server = serve(lambda request: Reply(401, {"error": {"message": "no"}}))
    monkeypatch.setenv("OPENAI_API_KEY", "sk-1")
    model = ["--model", "openai:m", "--base-url", server.url]
    assert "error[remote.key]" in run(*ask, *model, code=2)


def test_sessions_are_recorded_shown_and_replayed(filled, run, run_json):
    session = ["memory", "session"]
    run(*session, "start", "n.engram", "monday", "--note", "first")
    run("memory", "find", "n.engram", "tower", "-k", "1", "--session", "monday")
    run("memory", "ask", "n.engram", QUESTION, "--session", "monday")
    assert "monday/3" in run(*session, "checkpoint", "n.engram", "monday")
    steps = run_json(*session, "show", "n.engram", "monday")["asked"]
    assert [step["verb"] for step in steps] == ["find", "ask", "checkpoint"]
    assert steps[0]["options"]["k"] == 1
    assert "1. find 'tower': 1 passages" in run(*session, "show", "n.engram", "monday")
    assert run(*session, "replay", "n.engram", "monday").startswith("monday: 0 of 2 steps changed")
    replay = run_json(*session, "replay", "n.engram", "monday", "-k", "3", "--as-of", "monday/3")
    assert (replay["changed"], len(replay["changes"][0]["gained"])) == (1, 2)
    adaptive = run_json(*session, "replay", "n.engram", "monday", "--adaptive", "--max-k", "2")
    assert adaptive["settings"] == {"adaptive": True, "max_k": 2}
    run(*session, "end", "n.engram", "monday")
    assert "session.ended" in run("memory", "find", "n.engram", "x", "--session", "monday", code=4)
    (info,) = run_json(*session, "list", "n.engram")
    assert (info["name"], info["steps"], info["note"]) == ("monday", 3, "first")
    assert "monday" in run(*session, "list", "n.engram")
    run(*session, "delete", "n.engram", "monday")
    run(*session, "delete", "n.engram", "monday", code=3)


def test_tables_are_put_listed_and_found_by_cell(folder, run, run_json):
    tables = ["memory", "tables"]
    shown = run(*tables, "put", "n.engram", "docs/prices.csv")
    assert shown == "docs/prices.csv: 1 tables, 2 rows, added\n"
    (table,) = run_json(*tables, "list", "n.engram")
    assert table["columns"] == ["item", "price"]
    assert table["id"] in run(*tables, "list", "n.engram").replace("\n", "")
    assert run(*tables, "get", "n.engram", table["id"], "--format", "csv").splitlines() == [
        "item,price", "tent,120", "stove,45",
    ]  # fmt: skip
    assert "stove" in run(*tables, "get", "n.engram", table["id"])
    records = json.loads(run(*tables, "get", "n.engram", table["id"], "--format", "records"))
    assert len(records) == 2
    (row,) = run_json(*tables, "find", "n.engram", "--where", "price > 100")
    assert row["cells"]["item"] == "tent"
    assert "item: stove" in run(*tables, "find", "n.engram", "stove")
    run(*tables, "get", "n.engram", "none", code=3)
    run(*tables, "get", "n.engram", table["id"], "--format", "pandas", code=2)


def test_tables_are_put_with_who_may_see_them(folder, run, run_json):
    put = ("memory", "tables", "put", "n.engram", "docs/prices.csv")
    said = ("--uri", "prices", "--tag", "camp", "--tag", "2024", "--metadata", '{"by": "Ada"}')
    run(*put, *said, "--access", '{"tenant": "acme"}')
    stored = run_json("memory", "get", "n.engram", "prices")
    assert sorted(stored["tags"]) == ["2024", "camp"]
    assert stored["metadata"] == {"by": "Ada"}
    asked = ("memory", "tables", "find", "n.engram", "-w", "item = 'stove'", "--access")
    assert len(run_json(*asked, '{"tenant": "acme"}')) == 1
    assert run_json(*asked, '{"tenant": "other"}') == []
    assert "--metadata" in run(*put, "--metadata", "x", code=2)
    assert "--uri" in run(*put, "docs/tower.txt", "--uri", "both", code=2)


def test_facts_are_read_shown_and_put_right(filled, run, run_json):
    enriched = run_json("memory", "enrich", "n.engram")
    assert enriched["facts"] >= 1
    assert "facts in" in run("memory", "enrich", "n.engram", "--force")
    facts = run_json("memory", "facts", "n.engram", "--entity", "Ada Lovelace")
    (employer,) = [fact for fact in facts if fact["slot"] == "employer"]
    assert employer["value"] == "Initech"
    assert "Initech" in run("memory", "facts", "n.engram")
    run("memory", "correct", "n.engram", "Ada Lovelace", "employer", "Acme")
    assert run("memory", "state", "n.engram", "Ada Lovelace", "employer") == "Acme\n"
    run("memory", "state", "n.engram", "Nobody", "employer", code=3)
    assert run("memory", "export-facts", "n.engram", "--format", "csv").splitlines()[1:]
    assert json.loads(run("memory", "export-facts", "n.engram"))


@pytest.mark.parametrize(("option", "code"), [("--where", 2), ("--since", 2), ("--as-of", 3)])
def test_wrong_options_are_said(filled, run, option, code):
    error = run("memory", "ask", "n.engram", QUESTION, option, "nonsense = =", code=code)
    assert error.startswith("error[")
