"""A provider on loopback, over real HTTP, that does what a test tells it to; and a clock of tests.

`Loopback` answers by a function of the request, and before that by the replies queued for it.
`VirtualClock` jumps to the next wake-up once every thread that uses it waits: no test sleeps.
"""

import base64
import contextlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np


class Request:
    def __init__(self, path, headers, body, at, port):
        self.path = path
        self.port = port  # of the caller: tells connections apart
        self.headers = headers
        self.body = body
        self.at = at


class Reply:
    """One answer. `cut`: the connection ends in the middle; `stall`: it never comes."""

    def __init__(self, status=200, body=None, headers=None, *, cut=False, stall=False):
        self.status = status
        self.data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.headers = headers or {}
        self.cut = cut
        self.stall = stall


class Loopback:
    def __init__(self, answer=None, clock=None):
        self.answer = answer
        self.clock = clock
        self.queue = []
        self.requests = []
        self.lock = threading.Lock()
        self.released = threading.Event()
        loopback = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self):
                loopback.serve(self)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        # Quick to notice shutdown().
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.001,), daemon=True)
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def serve(self, handler):
        length = int(handler.headers["content-length"])
        body = json.loads(handler.rfile.read(length))
        headers = {name.lower(): value for name, value in handler.headers.items()}
        with self.lock:
            at = self.clock() if self.clock else None
            request = Request(handler.path, headers, body, at, handler.client_address[1])
            self.requests.append(request)
            reply = self.queue.pop(0) if self.queue else None
        if reply is None:
            reply = self.answer(request)
        if not isinstance(reply, Reply):
            reply = Reply(body=reply)
        if reply.stall:
            self.released.wait()
            handler.close_connection = True
            return
        handler.send_response(reply.status)
        for name, value in {"content-type": "application/json", **reply.headers}.items():
            handler.send_header(name, value)
        handler.send_header("content-length", str(len(reply.data)))
        handler.end_headers()
        data = reply.data[: len(reply.data) // 2] if reply.cut else reply.data
        with contextlib.suppress(OSError):
            handler.wfile.write(data)
        handler.close_connection = handler.close_connection or reply.cut

    def close(self):
        self.released.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


class VirtualClock:
    """Time for so many threads. It moves only while all of them sleep."""

    def __init__(self, threads=1):
        self.now = 0.0
        self.awake = threads
        self.slept = []
        self.waiting = []
        self.changed = threading.Condition()

    def __call__(self):
        with self.changed:
            return self.now

    def sleep(self, seconds):
        with self.changed:
            self.slept.append(seconds)
            until = self.now + seconds
            self.waiting.append(until)
            self.awake -= 1
            self._move()
            while self.now < until:
                self.changed.wait()
            self.waiting.remove(until)
            self.awake += 1

    def done(self):
        """Say that a thread will not sleep again."""
        with self.changed:
            self.awake -= 1
            self._move()

    def _move(self):
        if self.awake == 0 and self.waiting and min(self.waiting) > self.now:
            self.now = min(self.waiting)
            self.changed.notify_all()


def vector(text, dimension=8):
    """The vector that every provider here gives a text; not of unit length."""
    seed = int.from_bytes(text.encode()[:8].ljust(8, b"\0"), "little") + len(text)
    return np.random.default_rng(seed).normal(size=dimension).round(6)


def unit(text, dimension=8):
    row = vector(text, dimension)
    return (row / np.linalg.norm(row)).astype(np.float32)


def tokens(texts):
    return sum(len(text.split()) for text in texts)


# How each provider answers a request for embeddings: the texts it finds, then the answer.


def _openai(body):
    vectors = [vector(t, _dimension(body)) for t in body["input"]]
    if body["encoding_format"] == "base64":
        vectors = [base64.b64encode(v.astype("<f4").tobytes()).decode() for v in vectors]
    else:
        vectors = [list(v) for v in vectors]
    rows = [{"object": "embedding", "index": n, "embedding": v} for n, v in enumerate(vectors)]
    used = tokens(body["input"])
    # The order of the list is not promised: the index is.
    usage = {"prompt_tokens": used, "total_tokens": used}
    return {"id": "x", "object": "list", "model": "m", "data": rows[::-1], "usage": usage}


def _cohere(body):
    rows = [list(vector(t, _dimension(body))) for t in body["texts"]]
    used = tokens(body["texts"])
    return {"embeddings": {"float": rows}, "meta": {"billed_units": {"input_tokens": used}}}


def _gemini(body):
    texts = [one["content"]["parts"][0]["text"] for one in body["requests"]]
    dimension = body["requests"][0].get("outputDimensionality", 8)
    rows = [{"values": list(vector(t, dimension))} for t in texts]
    return {"embeddings": rows, "usageMetadata": {"promptTokenCount": tokens(texts)}}


def _ollama(body):
    rows = [list(vector(t, _dimension(body))) for t in body["input"]]
    return {"embeddings": rows, "prompt_eval_count": tokens(body["input"])}


def _huggingface(body):
    return [list(vector(t)) for t in body["inputs"]]


def _dimension(body):
    return body.get("dimensions") or body.get("output_dimension") or 8


EMBEDDINGS = {
    "openai": _openai,
    "azure": _openai,
    "nvidia": _openai,
    "mistral": _openai,
    "compatible": _openai,
    "voyage": _openai,
    "cohere": _cohere,
    "gemini": _gemini,
    "ollama": _ollama,
    "huggingface": _huggingface,
}


def embed(provider):
    """The answer function of a provider of embeddings."""
    return lambda request: EMBEDDINGS[provider](request.body)


def sent_texts(body):
    """The texts in a request for embeddings, whatever the protocol."""
    for name in ("input", "texts", "inputs"):
        if name in body:
            return body[name]
    return [one["content"]["parts"][0]["text"] for one in body["requests"]]


# How each provider answers in words: a whole answer, or the events of a stream.


def _sse(events, *, start="", end="", named=False):
    names = [f"event: {event['type']}\n" if named else "" for event in events]
    text = "".join(f"{n}data: {json.dumps(event)}\n\n" for n, event in zip(names, events))
    return Reply(200, (start + text + end).encode(), {"content-type": "text/event-stream"})


def _openai_chat(body, pieces, stop):
    usage = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
    head = {"id": "x", "object": "chat.completion", "created": 1, "model": "m"}
    if not body.get("stream"):
        message = {"role": "assistant", "content": "".join(pieces)}
        choice = {"index": 0, "message": message, "finish_reason": stop or "stop"}
        return Reply(200, {**head, "choices": [choice], "usage": usage})
    deltas = [{"role": "assistant", "content": ""}, *({"content": piece} for piece in pieces)]
    choices = [{"index": 0, "delta": delta, "finish_reason": None} for delta in deltas]
    choices.append({"index": 0, "delta": {}, "finish_reason": stop or "stop"})
    events = [{**head, "choices": [choice], "usage": None} for choice in choices]
    events.append({**head, "choices": [], "usage": usage})
    return _sse(events, start=": a comment\n\n", end="data: [DONE]\n\n")


def _anthropic_chat(body, pieces, stop):
    if not body.get("stream"):
        thought = {"type": "thinking", "thinking": "hm"}
        content = [thought, *({"type": "text", "text": piece} for piece in pieces)]
        usage = {"input_tokens": 4, "cache_read_input_tokens": 3, "output_tokens": 3}
        end = stop or "end_turn"
        return Reply(200, {"content": content, "stop_reason": end, "usage": usage})
    begun = {"id": "x", "type": "message", "role": "assistant", "content": [], "model": "m"}
    begun["usage"] = {"input_tokens": 7, "output_tokens": 1}
    thought = {"type": "thinking", "thinking": "", "signature": ""}
    thinking = {"type": "thinking_delta", "thinking": "hm"}
    said = [{"type": "text_delta", "text": piece} for piece in pieces]
    events = [
        {"type": "message_start", "message": begun},
        {"type": "content_block_start", "index": 0, "content_block": thought},
        {"type": "content_block_delta", "index": 0, "delta": thinking},
        {"type": "content_block_stop", "index": 0},
        {"type": "ping"},
        {"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": ""}},
        *({"type": "content_block_delta", "index": 1, "delta": delta} for delta in said),
        {"type": "content_block_stop", "index": 1},
        {
            "type": "message_delta",
            "delta": {"stop_reason": stop or "end_turn"},
            "usage": {"output_tokens": 3},
        },
        {"type": "message_stop"},
    ]
    return _sse(events, named=True)


def _gemini_chat(body, pieces, stop, streamed):
    usage = {"promptTokenCount": 7, "candidatesTokenCount": 2, "thoughtsTokenCount": 1}
    thought = {"text": "hm", "thought": True}

    def event(parts, end):
        candidate = {"content": {"role": "model", "parts": parts}}
        if end:
            candidate["finishReason"] = end
        return {"candidates": [candidate], "usageMetadata": usage}

    parts = [{"text": piece} for piece in pieces]
    if not streamed:
        return Reply(200, event([thought, *parts], stop or "STOP"))
    events = [event([thought], None), *(event([part], None) for part in parts)]
    return _sse([*events, event([], stop or "STOP")])


def _cohere_chat(body, pieces, stop):
    usage = {"tokens": {"input_tokens": 7.0, "output_tokens": 3.0}}
    end = stop or "COMPLETE"
    if not body["stream"]:
        content = [
            {"type": "thinking", "thinking": "hm"},
            {"type": "text", "text": "".join(pieces)},
        ]
        message = {"role": "assistant", "content": content}
        return Reply(200, {"message": message, "finish_reason": end, "usage": usage})
    events = [
        {"type": "message-start", "delta": {"message": {"role": "assistant"}}},
        {"type": "content-delta", "delta": {"message": {"content": {"thinking": "hm"}}}},
        *(
            {"type": "content-delta", "delta": {"message": {"content": {"text": piece}}}}
            for piece in pieces
        ),
        {"type": "message-end", "delta": {"finish_reason": end, "usage": usage}},
    ]
    return _sse(events)


def _ollama_chat(body, pieces, stop):
    counts = {"prompt_eval_count": 7, "eval_count": 3}
    last = {"done": True, "done_reason": stop or "stop", **counts}
    if not body["stream"]:
        return Reply(200, {"message": {"role": "assistant", "content": "".join(pieces)}, **last})
    said = [{"role": "assistant", "content": piece} for piece in [*pieces, ""]]
    events = [{"message": message, "done": False} for message in said]
    events[-1].update(last)
    return Reply(200, "".join(json.dumps(event) + "\n" for event in events).encode())


def chat(provider, *pieces, stop=None):
    """The answer function of a provider of language models: it says the pieces, whatever asked."""
    special = {"anthropic": _anthropic_chat, "cohere": _cohere_chat, "ollama": _ollama_chat}
    if provider == "gemini":
        return lambda request: _gemini_chat(
            request.body, pieces, stop, "streamGenerateContent" in request.path
        )
    answer = special.get(provider, _openai_chat)
    return lambda request: answer(request.body, pieces, stop)
