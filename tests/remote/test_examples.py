"""The examples of this part run, offline."""

import runpy
import sys
from pathlib import Path

EXAMPLES = Path(__file__).parents[2] / "examples"


def test_openai_embeddings(capsys):
    runpy.run_path(str(EXAMPLES / "openai_embeddings.py"), run_name="__main__")
    nearest, cached, model = capsys.readouterr().out.splitlines()
    assert nearest == "nearest: ['tea']"
    assert cached == "from the cache: 3 - failed: 0"
    assert model.startswith("RemoteEmbedder('compatible:stand-in', dimension=")


def test_llm_answers(capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["llm_answers.py"])
    runpy.run_path(str(EXAMPLES / "llm_answers.py"), run_name="__main__")
    whole, streamed, parsed = capsys.readouterr().out.splitlines()
    assert whole == streamed.strip() == "Green tea is steeped at 80 degrees for two minutes."
    assert parsed == str({"answer": whole, "note": "tea"})
