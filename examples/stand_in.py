"""A stand-in for OpenAI on this machine, so that the examples run offline and cost nothing.

It speaks the protocol of OpenAI: vectors are those of engram's built-in model, answers are the
first line of the question after its colon, and texts rerank by words shared with the query.
"""

from __future__ import annotations

import contextlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import engram

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_CHARS = 200


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        verb = self.path.rsplit("/", 1)[-1]
        answer = {"embeddings": _embedded, "completions": _answered, "rerank": _ranked}[verb](body)
        data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        refused = isinstance(answer, dict) and "error" in answer
        self.send_response(400 if refused else 200)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        pass


def _embedded(body: dict[str, Any]) -> dict[str, Any]:
    texts = body["input"]
    if any(len(text) > MOST_CHARS for text in texts):
        return {"error": {"message": f"a text has more than {MOST_CHARS} characters"}}
    rows = engram.embed.default().encode_batch(texts)
    data = [{"index": n, "embedding": row.tolist()} for n, row in enumerate(rows)]
    return {"data": data, "usage": {"prompt_tokens": sum(len(text.split()) for text in texts)}}


def _answered(body: dict[str, Any]) -> dict[str, Any] | bytes:
    name, _, text = body["messages"][-1]["content"].splitlines()[0].partition(": ")
    if "response_format" in body:
        text = json.dumps({"answer": text, "note": name})
    if not body.get("stream"):
        used = {"prompt_tokens": 30, "completion_tokens": 10}
        return {"choices": [{"message": {"content": text}, "finish_reason": "stop"}], "usage": used}
    words = [{"delta": {"content": f"{word} "}, "finish_reason": None} for word in text.split()]
    choices = [*words, {"delta": {}, "finish_reason": "stop"}]
    return "".join(f"data: {json.dumps({'choices': [one]})}\n\n" for one in choices).encode()


def _ranked(body: dict[str, Any]) -> dict[str, Any]:
    wanted = set(body["query"].lower().split())
    shares = [len(wanted & set(text.lower().split())) / len(wanted) for text in body["documents"]]
    return {"results": [{"index": n, "relevance_score": one} for n, one in enumerate(shares)]}


@contextlib.contextmanager
def stand_in() -> Iterator[str]:
    """Run the stand-in, and give its URL."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
