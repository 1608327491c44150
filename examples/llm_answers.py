"""Answer questions from one's own notes: retrieve, ask a language model, stream, and get JSON.

``python examples/llm_answers.py`` runs offline: it asks a stand-in on this machine that speaks the
protocol of OpenAI and answers with the note it is given. Name a model to ask a real one:
``python examples/llm_answers.py openai:gpt-5-mini`` (with its key in the environment).
"""

from __future__ import annotations

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import engram
from engram.llm import get_llm

NOTES = {
    "tea": "Green tea is steeped at 80 degrees for two minutes.",
    "bike": "The bicycle has a flat tyre; the pump is in the cellar.",
}
SCHEMA = {
    "type": "object",
    "properties": {"answer": {"type": "string"}, "note": {"enum": list(NOTES)}},
    "required": ["answer", "note"],
    "additionalProperties": False,
}


class StandIn(BaseHTTPRequestHandler):
    """Answers as a server of OpenAI's protocol does, with the first note of the question."""

    def do_POST(self) -> None:
        """Answer in one piece, as JSON, or as a stream."""
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        name, _, text = body["messages"][-1]["content"].splitlines()[0].partition(": ")
        if "response_format" in body:
            text = json.dumps({"answer": text, "note": name})
        if body.get("stream"):
            words = [{"delta": {"content": f"{word} "}} for word in text.split()]
            events = [{"choices": [choice]} for choice in words]
            events.append({"choices": [{"delta": {}, "finish_reason": "stop"}]})
            data = "".join(f"data: {json.dumps(event)}\n\n" for event in events)
        else:
            choice = {"message": {"content": text}, "finish_reason": "stop"}
            used = {"prompt_tokens": 30, "completion_tokens": 10}
            data = json.dumps({"choices": [choice], "usage": used})
        self.send_response(200)
        self.send_header("content-length", str(len(data.encode())))
        self.end_headers()
        self.wfile.write(data.encode())

    def log_message(self, *_: object) -> None:
        """Stay silent."""


def main(name: str | None) -> None:
    """Ask one question in three ways."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), StandIn)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    local = f"http://127.0.0.1:{server.server_port}" if name is None else None
    with (
        engram.open(":memory:") as db,
        get_llm(name or "compatible:stand-in", base_url=local) as model,
    ):
        notes = db.collection("notes")
        notes.put_many([{"id": name, "text": text} for name, text in NOTES.items()])
        question = "how long is the tea steeped?"
        found = notes.query(question, k=2)
        prompt = "\n".join([*(f"{hit.id}: {hit.text}" for hit in found), "", question])
        system = "Answer from the notes given, in one sentence."
        print(model.complete(prompt, system=system))
        for piece in model.stream(prompt, system=system):
            print(piece, end="", flush=True)
        print()
        print(model.complete_json(prompt, SCHEMA, system=system))
    server.shutdown()
    server.server_close()


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else None)
