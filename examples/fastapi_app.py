"""A web service over one file: put, get, search and delete over HTTP, with FastAPI.

``python examples/fastapi_app.py notes.engram`` serves the file; ``--check`` starts a server of its
own, asks it a few things and stops it. Needs ``pip install fastapi uvicorn``.
"""

import argparse
import json
import socket
import tempfile
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import Request as Call
from urllib.request import urlopen

import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

import engram

STATUS = {
    engram.InvalidInput: 422,
    engram.NotFound: 404,
    engram.Conflict: 409,
    engram.Busy: 503,
}


class Note(BaseModel):
    """A record as it is put."""

    text: str
    metadata: dict[str, Any] = {}


class Search(BaseModel):
    """What is looked for."""

    query: str
    k: int = Field(default=5, ge=1, le=100)
    where: str | None = None


def make_app(path: str) -> FastAPI:
    """Make the application; it opens the file when it starts and closes it when it stops."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        with engram.open(path) as db:
            app.state.notes = db.collection("notes")
            yield

    app = FastAPI(title="Notes", lifespan=lifespan)

    @app.exception_handler(engram.EngramError)
    async def told(_: Request, error: engram.EngramError) -> JSONResponse:
        body = {"code": error.code, "message": error.message, "hint": error.hint}
        return JSONResponse(body, status_code=STATUS.get(type(error), 500))

    # Plain functions run on threads, which may share the collection.
    @app.put("/notes/{name}", status_code=204)
    def put(request: Request, name: str, note: Note) -> Response:
        request.app.state.notes.put(name, text=note.text, metadata=note.metadata)
        return Response(status_code=204)

    @app.get("/notes/{name}")
    def get(request: Request, name: str) -> dict[str, Any]:
        record = request.app.state.notes.get(name)
        if record is None:
            raise engram.NotFound("record.not_found", f"there is no note {name!r}")
        found: dict[str, Any] = record.to_dict()
        return found

    @app.delete("/notes/{name}", status_code=204)
    def delete(request: Request, name: str) -> Response:
        if not request.app.state.notes.delete(name):
            raise engram.NotFound("record.not_found", f"there is no note {name!r}")
        return Response(status_code=204)

    @app.post("/search")
    def search(request: Request, asked: Search) -> dict[str, Any]:
        hits = request.app.state.notes.query(asked.query, k=asked.k, where=asked.where)
        found: dict[str, Any] = hits.to_dict()
        return found

    return app


def call(method: str, url: str, body: object = None) -> tuple[int, Any]:
    """Make a request; give status and JSON."""
    data = None if body is None else json.dumps(body).encode()
    asked = Call(url, data, {"content-type": "application/json"}, method=method)  # noqa: S310
    try:
        with urlopen(asked, timeout=30) as answer:  # noqa: S310 - of this very program
            content = answer.read()
            return answer.status, json.loads(content) if content else None
    except HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


def check() -> None:
    """Serve a file on a free port, ask, stop."""
    # The socket listens before the server runs: a request waits until it is answered.
    listening = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    with tempfile.TemporaryDirectory() as folder:
        app = make_app(str(Path(folder) / "notes.engram"))
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            note = {"text": "Alice met Bob in Paris.", "metadata": {"year": 2024}}
            name = quote("notes & more", safe="")
            assert call("PUT", f"{url}/notes/{name}", note) == (204, None)
            search = {"query": "Paris", "where": "year > 2020"}
            status, found = call("POST", f"{url}/search", search)
            print(f"search: {status}, {found['hits'][0]['id']!r}")
            status, told = call("POST", f"{url}/search", search | {"where": "yaer > 2020"})
            print(f"a wrong field: {status}, {told['code']} ({told['hint']})")
            assert call("DELETE", f"{url}/notes/{name}")[0] == 204
            assert call("GET", f"{url}/notes/{name}")[0] == 404
        finally:
            server.should_exit = True
            thread.join()
            listening.close()
    print("stopped")


def main() -> None:
    """Serve, or check."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("file", nargs="?", default="notes.engram")
    arguments.add_argument("--port", type=int, default=8000, help="0 takes a free one")
    arguments.add_argument("--check", action="store_true")
    given = arguments.parse_args()
    if given.check:
        check()
        return
    with socket.create_server(("127.0.0.1", given.port)) as listening:
        print(f"http://127.0.0.1:{listening.getsockname()[1]}/docs", flush=True)
        server = uvicorn.Server(uvicorn.Config(make_app(given.file), log_level="warning"))
        server.run(sockets=[listening])


if __name__ == "__main__":
    main()
