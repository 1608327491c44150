"""Every example runs, offline, and leaves nothing behind."""

import http.client
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import engram

ROOT = Path(__file__).parents[2]
MAIN = 'if __name__ == "__main__":'
FILES = sorted((ROOT / "examples").glob("*.py"))
EXAMPLES = [path for path in FILES if MAIN in path.read_text(encoding="utf-8")]
ARGUMENTS = {"fastapi_app": ["--check"]}
NEEDED = {"fastapi_app": ["fastapi", "uvicorn"], "pdf_rag": ["pypdfium2"]}
"""Packages beyond engram's own; an example is skipped where one is not installed."""

OFFLINE = """
import sys
def refuse(event, arguments):
    if event in {"socket.connect", "socket.getaddrinfo"}:
        host = str(arguments[1][0] if event == "socket.connect" else arguments[0])
        if host not in {"127.0.0.1", "localhost"}:
            raise RuntimeError(f"an example went to the network: {host}")
sys.addaudithook(refuse)
"""


def environment(tmp_path):
    """The packages of this process, a temporary folder to watch, and no way out."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(OFFLINE)
    (tmp_path / "tmp").mkdir()
    (tmp_path / "home").mkdir()
    paths = [str(tmp_path / "site"), str(ROOT / "python"), *[p for p in sys.path if p]]
    # Without keys, examples take what is on this machine.
    kept = {name: value for name, value in os.environ.items() if not name.endswith("_API_KEY")}
    return kept | {
        "PYTHONPATH": os.pathsep.join(paths),
        "TMPDIR": str(tmp_path / "tmp"),
        "HOME": str(tmp_path / "home"),
        # ONNX Runtime 1.31 sends telemetry from native code, where no audit hook sees it.
        "ORT_DISABLE_TELEMETRY": "1",
    }


@pytest.mark.timeout(120)
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_runs_and_leaves_nothing_behind(path, tmp_path):
    for package in NEEDED.get(path.stem, []):
        pytest.importorskip(package)
    (tmp_path / "here").mkdir()
    done = subprocess.run(
        [sys.executable, "-W", "error", str(path), *ARGUMENTS.get(path.stem, [])],
        cwd=tmp_path / "here",
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
    assert done.stderr == ""
    assert list((tmp_path / "here").iterdir()) == []
    assert list((tmp_path / "tmp").iterdir()) == []


def test_the_way_out_is_closed_to_examples(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", "import socket; socket.getaddrinfo('example.com', 80)"],
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        check=False,
    )
    assert "went to the network: example.com" in done.stderr


def test_the_examples_that_are_promised_are_there():
    names = {path.stem for path in EXAMPLES}
    promised = {"basic_rag", "conversation", "demo", "evaluation", "fastapi_app", "hybrid_search",
                "metadata_filtering", "multi_collection", "pdf_rag", "production", "snapshots",
                "text_splitting"}  # fmt: skip
    assert promised <= names


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_file_says_what_it_shows(path):
    assert re.match(r'"""[^\n]+\n', path.read_text(encoding="utf-8"))


def test_what_is_no_example_is_a_part_of_one():
    texts = "".join(path.read_text(encoding="utf-8") for path in EXAMPLES)
    for path in set(FILES) - set(EXAMPLES):
        assert re.search(rf"^(from|import) {path.stem}\b", texts, re.MULTILINE)


class Server:
    """The example, served by a process of its own."""

    def __init__(self, tmp_path):
        self.file = tmp_path / "notes.engram"
        self.process = subprocess.Popen(
            [sys.executable, str(ROOT / "examples" / "fastapi_app.py"), self.file, "--port", "0"],
            env=environment(tmp_path),
            stdout=subprocess.PIPE,
            text=True,
        )
        # It listens before it says where: a request waits until the application is up.
        self.port = int(re.search(r":(\d+)/docs", self.process.stdout.readline()).group(1))

    def call(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=40)
        content = None if body is None else json.dumps(body)
        connection.request(method, path, content, {"content-type": "application/json"})
        answer = connection.getresponse()
        raw = answer.read()
        connection.close()
        return answer.status, json.loads(raw) if raw else None

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=30)
        self.process.stdout.close()


@pytest.fixture
def server(tmp_path):
    for package in NEEDED["fastapi_app"]:
        pytest.importorskip(package)
    started = Server(tmp_path)
    yield started
    if started.process.poll() is None:
        started.stop()


def test_the_web_service_serves(server):
    note = {"text": "Alice met Bob in Paris.", "metadata": {"year": 2024}}
    assert server.call("PUT", "/notes/n1", note) == (204, None)
    assert server.call("PUT", "/notes/n2", {"text": "Eggs, flour."}) == (204, None)
    status, record = server.call("GET", "/notes/n1")
    assert (status, record["text"], record["metadata"]) == (200, note["text"], note["metadata"])
    status, found = server.call("POST", "/search", {"query": "who was in Paris?", "k": 1})
    assert (status, [hit["id"] for hit in found["hits"]]) == (200, ["n1"])
    assert found["report"]["complete"] is True
    status, found = server.call("POST", "/search", {"query": "Paris", "where": "year < 2000"})
    assert (status, found["hits"]) == (200, [])
    assert server.call("DELETE", "/notes/n2") == (204, None)
    assert server.call("GET", "/notes/n2")[0] == 404
    assert server.call("DELETE", "/notes/n2")[0] == 404


def test_the_web_service_tells_what_is_wrong(server):
    assert server.call("PUT", "/notes/n1", {"text": "x", "metadata": {"year": 1}})[0] == 204
    status, told = server.call("POST", "/search", {"query": "x", "where": "yaer = 1"})
    assert (status, told["code"]) == (422, "filter.unknown_field")
    assert "year" in told["hint"]
    assert server.call("POST", "/search", {"query": "x", "k": 0})[0] == 422
    assert server.call("POST", "/search", {"k": 1})[0] == 422
    assert server.call("PUT", "/notes/n1", {"metadata": {}})[0] == 422
    assert server.call("GET", "/absent")[0] == 404


def test_the_web_service_stops_and_keeps_everything(server):
    assert server.call("PUT", "/notes/n1", {"text": "kept"}) == (204, None)
    server.stop()
    with engram.open(server.file, create=False) as db:
        assert db.collection("notes").get("n1").text == "kept"
        assert db.verify(deep=True)
