"""Running commands, in a folder with a few documents; loopback providers."""

import json

import pytest
from typer.testing import CliRunner

from engram.cli.commands import app
from provider_fixtures import clock, no_environment, quick, serve  # noqa: F401


@pytest.fixture
def run():
    """Run a command; give its stdout, or its stderr where it should fail."""

    def runs(*args, code=0, data=None, env=None):
        result = CliRunner().invoke(app, [str(a) for a in args], input=data, env=env)
        assert result.exit_code == code, (result.stdout, result.stderr, result.exception)
        return result.stdout if code == 0 else result.stderr

    return runs


@pytest.fixture
def run_json(run):
    return lambda *args, **kwargs: json.loads(run(*args, "--json", **kwargs))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "tower.txt").write_text(
        "The Eiffel Tower is in Paris. It was built from 1887 to 1889."
    )
    (tmp_path / "docs" / "ada.md").write_text(
        "# Ada\n\nAda Lovelace works at Initech. Write to ada@example.com."
    )
    (tmp_path / "docs" / "prices.csv").write_text("item,price\ntent,120\nstove,45\n")
    return tmp_path


@pytest.fixture
def filled(folder, run):
    run("memory", "put", "n.engram", "docs")
    return folder
