"""Models come from a hub whole or not at all, and go on where a fetch was cut off."""

import hashlib
import http.server
import json
import os
import subprocess
import sys
import threading
from collections import Counter

import pytest
from typer.testing import CliRunner

from engram.cli.commands import app
from engram.embed import Dense, ModelStore
from engram.errors import Corrupt, InvalidInput, Io, NotFound

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class FakeHub:
    """A hub on the loopback: lists a folder, serves ranges, and fails as it is told to."""

    def __init__(self, files, repo="me/tiny"):
        self.files, self.repo = files, repo
        self.asked = []
        self.sent = Counter()
        self.cuts = {}
        """How many bytes each answer for a file may have, by file, from a list of them."""
        self.status = {}
        self.pins = True
        self.ranges = True
        hub = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                hub.answer(self)

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)
        self.thread.start()

    def answer(self, request):
        self.asked.append(request.path)
        start = request.path.partition("?")[0]
        if start == f"/api/models/{self.repo}/revision/main":
            body = json.dumps({"sha": COMMIT, "siblings": self.siblings()}).encode()
            return self.send(request, 200, body)
        prefix = f"/{self.repo}/resolve/{COMMIT}/"
        place = start.removeprefix(prefix)
        if not start.startswith(prefix) or place not in self.files:
            return self.send(request, 404, b"")
        if self.status.get(place):
            return self.send(request, self.status[place].pop(), b"")
        asked = request.headers.get("Range")
        at = int(asked.removeprefix("bytes=").rstrip("-")) if asked and self.ranges else 0
        body = self.files[place][at:]
        cut = self.cuts.get(place)
        sent = body[: cut.pop(0)] if cut else body
        self.sent[place] += len(sent)
        request.send_response(206 if at else 200)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(sent)
        request.close_connection = len(sent) < len(body)
        return None

    def siblings(self):
        found = []
        for place, content in self.files.items():
            one = {"rfilename": place}
            if self.pins and place.endswith(".onnx"):
                one["lfs"] = {"sha256": hashlib.sha256(content).hexdigest()}
            found.append(one)
        return found

    def send(self, request, status, body):
        request.send_response(status)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def hub(dense_folder):
    folder = dense_folder("published", place="onnx/model.onnx")
    paths = [path for path in folder.rglob("*") if path.is_file()]
    files = {str(path.relative_to(folder)): path.read_bytes() for path in paths}
    files |= {"README.md": b"read me", "pytorch_model.bin": b"x" * 99, "onnx/model_q4.onnx": b"q"}
    fake = FakeHub(files)
    yield fake
    fake.close()


@pytest.fixture
def store(hub, tmp_path):
    return ModelStore(tmp_path / "store", hub=hub.address)


def left(store):
    """What lies in the store beside whole models."""
    return sorted(path.name for path in store.path.glob(".*") if path.suffix != ".lock")


def test_a_model_is_fetched_whole_and_runs(store, hub):
    assert store.list_models() == []
    assert not store.path.exists()
    model = store.install("me/tiny")
    assert (model.name, model.revision) == ("me/tiny", COMMIT)
    assert model.source == f"{hub.address}/me/tiny"
    assert set(model.files) == {
        "onnx/model.onnx", "tokenizer.json", "tokenizer_config.json", "config.json",
        "modules.json", "1_Pooling/config.json", "config_sentence_transformers.json",
        "sentence_bert_config.json",
    }  # fmt: skip
    for place, digest in model.files.items():
        assert hashlib.sha256(hub.files[place]).hexdigest() == digest
    assert model.nbytes == sum(len(hub.files[place]) for place in model.files)
    assert Dense(model.path, name="me/tiny").dimension == 8
    assert [one.to_dict() for one in store.list_models()] == [model.to_dict()]
    assert store.verify("me/tiny").files == model.files
    assert left(store) == []
    assert "me/tiny" in repr(model)


def test_what_is_installed_is_not_fetched_again(store, hub):
    store.install("me/tiny")
    before = len(hub.asked)
    store.install("me/tiny")
    assert len(hub.asked) == before
    hub.files["config.json"] = b'{"max_position_embeddings": 20}'
    again = store.install("me/tiny", replace=True)
    assert (again.path / "config.json").read_bytes() == hub.files["config.json"]
    assert left(store) == []


def test_a_fetch_that_is_cut_off_goes_on_where_it_ended(store, hub):
    place, size = "onnx/model.onnx", len(hub.files["onnx/model.onnx"])
    hub.cuts[place] = [100] * 7
    seen = []
    model = store.install("me/tiny", progress=lambda *now: seen.append(now))
    assert hub.sent[place] == size
    assert (model.path / place).read_bytes() == hub.files[place]
    assert (place, size, size) in seen


def test_of_many_who_install_at_once_one_fetches(store, hub):
    start, found = threading.Barrier(6), []

    def install():
        start.wait()
        found.append(ModelStore(store.path, hub=hub.address).install("me/tiny"))

    threads = [threading.Thread(target=install) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({(one.path, one.revision) for one in found}) == 1
    assert len(found) == 6
    assert all(hub.sent[place] == len(hub.files[place]) for place in found[0].files)
    assert left(store) == []


HOLD = """
import sys
from pathlib import Path
from engram.embed.locking import one_at_a_time
with one_at_a_time(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_another_process_is_waited_for(store, hub, monkeypatch):
    lock = store.path / ".me--tiny.lock"
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(path for path in sys.path if path))
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(lock)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with holder:
        assert holder.stdout.readline() == b"held\n"
        done = threading.Event()
        thread = threading.Thread(target=lambda: (store.install("me/tiny"), done.set()))
        thread.start()
        assert not done.wait(0.3)
        assert not any("/resolve/" in path for path in hub.asked)
        holder.kill()  # however a holder ends, its lock ends
    assert done.wait(30)
    thread.join()
    assert store.path_of("me/tiny") is not None


def test_a_store_that_cannot_be_written_says_so(tmp_path, hub):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(Io, match="no lock at") as found:
        ModelStore(tmp_path / "file", hub=hub.address).install("me/tiny")
    assert found.value.code == "io.failed"


def test_a_later_call_goes_on_too(store, hub):
    place, size = "onnx/model.onnx", len(hub.files["onnx/model.onnx"])
    hub.cuts[place] = [200] + [0] * 5
    with pytest.raises(Io) as caught:
        store.install("me/tiny")
    assert caught.value.code == "io.failed"
    assert store.list_models() == []
    assert store.path_of("me/tiny") is None
    assert len(left(store)) == 1
    store.install("me/tiny")
    assert hub.sent[place] == size
    assert left(store) == []


def test_a_hub_without_ranges_is_asked_from_the_start(store, hub):
    hub.ranges = False
    hub.cuts["onnx/model.onnx"] = [100]
    model = store.install("me/tiny")
    assert store.verify("me/tiny").files == model.files


def test_a_hub_that_stumbles_is_asked_again(store, hub):
    hub.status["onnx/model.onnx"] = [503, 500]
    assert store.install("me/tiny").nbytes


def test_what_is_not_what_was_pinned_is_not_kept(store, hub):
    with pytest.raises(Corrupt) as caught:
        store.install("me/tiny", sha256={"tokenizer.json": "0" * 64})
    assert caught.value.code == "model.corrupt"
    assert caught.value.details["expected"] == "0" * 64
    assert store.list_models() == []
    with pytest.raises(InvalidInput, match=r"README\.md"):
        store.install("me/tiny", sha256={"README.md": "0" * 64})


def test_what_the_hub_pins_counts_as_much(store, hub):
    listing = hub.siblings()
    hub.siblings = lambda: listing
    hub.files["onnx/model.onnx"] = b"something else"
    with pytest.raises(Corrupt, match=r"onnx/model\.onnx"):
        store.install("me/tiny")


def test_a_changed_file_is_found(store):
    model = store.install("me/tiny")
    (model.path / "tokenizer.json").write_text("{}")
    (model.path / "modules.json").unlink()
    with pytest.raises(Corrupt, match=r"modules\.json, tokenizer\.json") as caught:
        store.verify("me/tiny")
    assert caught.value.code == "model.corrupt"
    (model.path / "engram-model.json").write_text("{")
    with pytest.raises(Corrupt, match="manifest"):
        store.list_models()


def test_a_model_can_be_removed(store):
    store.install("me/tiny")
    assert store.remove("me/tiny")
    assert not store.remove("me/tiny")
    assert store.list_models() == []
    assert left(store) == []
    with pytest.raises(NotFound):
        store.verify("me/tiny")


def test_another_graph_can_be_taken(store, hub):
    model = store.install("me/tiny", file="onnx/model_q4.onnx")
    assert "onnx/model.onnx" not in model.files
    assert "onnx/model_q4.onnx" in model.files


@pytest.mark.parametrize(
    ("there", "taken"),
    [
        (["", "_merged", "_quantized"], ["_merged"]),
        (["", "_quantized"], [""]),
        (["_merged"], ["_merged"]),
    ],
)
def test_a_model_that_writes_comes_with_all_its_graphs(store, hub, there, taken):
    del hub.files["onnx/model.onnx"]
    for name in ["encoder_model", *(f"decoder_model{form}" for form in there)]:
        hub.files[f"onnx/{name}.onnx"] = name.encode()
    graphs = {place for place in store.install("me/tiny").files if place.endswith(".onnx")}
    names = ["encoder_model", *(f"decoder_model{form}" for form in taken)]
    assert graphs == {f"onnx/{name}.onnx" for name in names}
    hub.files["onnx/decoder_with_past_model.onnx"] = b"past"
    again = store.install("me/tiny", replace=True).files
    assert ("onnx/decoder_with_past_model.onnx" in again) == ("" in there)


@pytest.mark.parametrize("file", [None, "onnx/absent.onnx"])
def test_a_repository_without_the_graph_is_refused(store, hub, file):
    if file is None:
        del hub.files["onnx/model.onnx"]
    with pytest.raises(InvalidInput, match=r"onnx/model_q4\.onnx") as caught:
        store.install("me/tiny", file=file)
    assert caught.value.code == "model.invalid"
    assert not store.path.exists()


def test_places_outside_the_folder_are_not_taken(store, hub):
    hub.files |= {"../evil.json": b"{}", "/etc/evil.json": b"{}", "a/../../evil.json": b"{}"}
    model = store.install("me/tiny")
    assert not any("evil" in place for place in model.files)


def test_what_the_hub_does_not_have_is_not_found(store):
    for name in ("me/absent", "all-MiniLM-L6-v2"):
        with pytest.raises(NotFound, match="has no model") as caught:
            store.install(name)
        assert caught.value.code == "model.not_found"
    with pytest.raises(NotFound, match="bge-small"):
        store.install("bge-smal-en")
    for name in ("../x", "./x/y", ".x", "a/b/c"):
        assert store.path_of(name) is None
        with pytest.raises(NotFound):
            store.install(name)


def test_a_hub_that_is_not_there_is_a_failure(tmp_path, hub):
    hub.close()
    with pytest.raises(Io) as caught:
        ModelStore(tmp_path / "s", hub=hub.address).install("me/tiny")
    assert caught.value.code == "io.failed"


def test_a_variable_names_the_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("ENGRAM_MODELS", str(tmp_path / "mine"))
    assert ModelStore().path == tmp_path / "mine"
    monkeypatch.delenv("ENGRAM_MODELS")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert ModelStore().path.parts[-2:] == ("engram", "models")
    assert "models" in repr(ModelStore())


def run(*arguments):
    result = CliRunner().invoke(app, ["models", *map(str, arguments)])
    return result.exit_code, result.stdout, result.stderr


def test_the_command_line_does_the_same(store, hub, tmp_path):
    folder = tmp_path / "cli"
    at = ("--folder", folder)
    code, out, _ = run("install", "me/tiny", "--hub", hub.address, *at)
    assert code == 0
    assert out.startswith("me/tiny is at ")
    code, out, _ = run("list", "--json", *at)
    (listed,) = json.loads(out)
    assert (listed["name"], listed["revision"]) == ("me/tiny", COMMIT)
    assert "me/tiny" in run("list", *at)[1]
    assert run("verify", "me/tiny", *at)[1] == "me/tiny is what was installed (8 files)\n"
    again = run("install", "me/tiny", "--hub", hub.address, "--json", *at)[1]
    assert json.loads(again) == listed
    (folder / "me--tiny" / "config.json").write_text("[]")
    code, _, err = run("verify", "me/tiny", "--json", *at)
    assert (code, err[:21]) == (6, "error[model.corrupt]:")
    assert json.loads(run("remove", "me/tiny", "--json", *at)[1]) == {"removed": "me/tiny"}
    assert run("remove", "me/tiny", *at)[0] == 3
    known = json.loads(run("list", "--known", "--json")[1])
    assert {"name": "bge-small-en-v1.5", "kind": "dense", "repo": "BAAI/bge-small-en-v1.5"} in known
    assert "e5-small-v2" in run("list", "--known")[1]
