"""The harness for files of LoCoMo's form, and the conversations made up for it."""

import datetime as dt
import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

import engram

BENCHES = Path(__file__).parents[2] / "benches"


def script(name):
    spec = importlib.util.spec_from_file_location(name, BENCHES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def locomo():
    return script("locomo")


@pytest.fixture(scope="module")
def made():
    return script("dialogues").conversations(1, seed=5, sessions=6)


SMALL = {
    "speaker_a": "Ann",
    "speaker_b": "Ben",
    "session_2_date_time": "10:37 am on 27 June, 2023",
    "session_2": [
        {"speaker": "Ben", "dia_id": "D2:1", "text": "Look!", "blip_caption": "a red boat"}
    ],
    "session_1_date_time": "1:56 pm on 8 May, 2023",
    "session_1": [{"speaker": "Ann", "dia_id": "D1:1", "text": "Hello"}],
    "session_3": [],
}


def test_the_form_is_read(locomo):
    first, second = locomo.sessions(SMALL)
    assert (first[0], second[0]) == (1, 2)
    assert first[1] == dt.datetime(2023, 5, 8, 13, 56, tzinfo=dt.timezone.utc)
    assert locomo.said(second[2][0]) == "Look! [shares a red boat]"
    known = {"D1:1", "D2:1"}
    asked = {"evidence": ["D1:1; D2:1", "D9:9", "D1:1"]}
    assert locomo.evidence(asked, known) == ["D1:1", "D2:1"]
    assert locomo.evidence({"evidence": None}, known) == []


def test_made_conversations_have_the_form(made, locomo):
    assert made == script("dialogues").conversations(1, seed=5, sessions=6)
    (sample,) = made
    turns = {
        turn["dia_id"]: turn
        for _, _, session in locomo.sessions(sample["conversation"])
        for turn in session
    }
    assert len(turns) > 500
    assert len({turn["speaker"] for turn in turns.values()}) == 4
    assert {question["category"] for question in sample["qa"]} == {1, 2, 4}
    for question in sample["qa"]:
        assert set(question["evidence"]) <= set(turns)
        if question["category"] == 1:
            (told,) = question["evidence"]
            assert question["answer"].lower() in turns[told]["text"].lower()


def test_recall_finds_clearly_more_evidence_than_hybrid_search(made, locomo):
    recalls, took, turns = locomo.measure(made, engram.embed.default())
    rows = {row["way"]: row for row in locomo.table(recalls, took)}
    assert turns > 500
    assert set(rows) == {"lexical", "semantic", "hybrid", "recall"}
    assert rows["recall"]["all"] >= rows["hybrid"]["all"] + 0.1
    for category in ("1", "2", "4"):
        assert rows["recall"][category] >= rows["hybrid"][category]


def test_a_file_is_measured_by_one_command(tmp_path, locomo):
    qa = [{"question": "What boat did Ben show?", "evidence": ["D2:1"], "category": 1}]
    path, out = tmp_path / "tiny.json", tmp_path / "out.json"
    path.write_text(json.dumps([{"sample_id": "x", "conversation": SMALL, "qa": qa}]))
    command = [sys.executable, str(BENCHES / "locomo.py"), str(path), "--out", str(out)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
    assert "1 conversations, 2 turns; questions: {'all': 1, '1': 1}" in done.stdout
    found = json.loads(out.read_text())
    assert [row["way"] for row in found["rows"]] == list(locomo.WAYS)
    assert found["rows"][-1]["all"] == 1.0
