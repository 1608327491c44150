"""Search with OpenAI's embeddings: limits, a budget, a cache, and what failed.

With OPENAI_API_KEY set it asks OpenAI. Without, it asks a stand-in on this machine that speaks the
same protocol, so that the example runs offline and costs nothing.
"""

from __future__ import annotations

import json
import os
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import engram
from engram.embed.remote import get_remote
from engram.remote import Budget, Limits

NOTES = {
    "tea": "Green tea is steeped at 80 degrees for two minutes.",
    "bike": "The bicycle has a flat tyre; the pump is in the cellar.",
    "rent": "The rent is due on the third of each month.",
}


class StandIn(BaseHTTPRequestHandler):
    """Answers as OpenAI does, with the vectors of engram's built-in model."""

    def do_POST(self) -> None:
        """Embed what is asked for."""
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        rows = engram.embed.default().encode_batch(body["input"])
        data = [{"index": n, "embedding": row.tolist()} for n, row in enumerate(rows)]
        used = sum(len(text.split()) for text in body["input"])
        answer = json.dumps({"data": data, "usage": {"prompt_tokens": used}}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        """Stay silent."""


def main() -> None:
    """Put notes, ask a question, say what it took."""
    name, where = "openai:text-embedding-3-small", None
    server = None
    if "OPENAI_API_KEY" not in os.environ:
        server = ThreadingHTTPServer(("127.0.0.1", 0), StandIn)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        name, where = "compatible:stand-in", f"http://127.0.0.1:{server.server_port}"
    with (
        tempfile.TemporaryDirectory() as folder,
        get_remote(
            name,
            base_url=where,
            limits=Limits(requests_per_minute=3_000, tokens_per_minute=1_000_000),
            budget=Budget(tokens=10_000),
            cache=Path(folder) / "vectors.engram",
        ) as model,
        engram.open(Path(folder) / "notes.engram", embedder=model) as db,
    ):
        notes = db.collection("notes")
        notes.put_many([{"id": name, "text": text} for name, text in NOTES.items()])
        print("nearest:", notes.query("how long is the tea steeped?", k=1).ids)
        report = model.encode_report([*NOTES.values(), "a new text"])
        print("from the cache:", report.cached, "- failed:", len(report.failures))
        print(model, model.usage)
    if server is not None:
        server.shutdown()
        server.server_close()


if __name__ == "__main__":
    main()
