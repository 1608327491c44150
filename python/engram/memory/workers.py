"""Documents read in other processes.

Owns: `Readers`, which hands documents to processes of its own and takes back what they read, and
`serve`, what such a process does. They are started by the interpreter's own command, so that a
script needs no ``if __name__ == "__main__"`` and threads of the caller do no harm; what they cannot
survive is an error of that one document. Limits: what goes over is pickled; a process is started
when there is work for it.
"""

from __future__ import annotations

import os
import pickle
import struct
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from time import perf_counter
from typing import TYPE_CHECKING

from engram.errors import Corrupt, EngramError, Internal
from engram.files import io_error
from engram.memory.reading import read

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator
    from typing import Any, BinaryIO, TypeVar

    from engram.memory.reading import Read, Request

    _T = TypeVar("_T")
    Answer = tuple["Read | EngramError", float]

__all__ = ["read_all", "serve", "timed"]

_LENGTH = struct.Struct("<Q")
_COMMAND = "from engram.memory.workers import serve; serve()"
_AHEAD = 4
"""Documents that wait for each process, so that it never waits for us."""


def timed(request: Request) -> Answer:
    """Read a document; give it, or why it cannot be read, and the seconds that took."""
    started = perf_counter()
    try:
        done: Read | EngramError = read(request)
    except EngramError as error:
        done = error
    except (MemoryError, RecursionError) as cause:
        done = Internal("internal", f"reading the document failed: {cause!r}")
    return done, perf_counter() - started


def read_all(
    work: Iterable[tuple[_T, Request]], processes: int
) -> Generator[tuple[_T, Read | EngramError, float], None, None]:
    """Read documents, in the order they were given.

    Args:
        work: Anything that names each document, and the document.
        processes: How many processes read; 0 for this one.

    Yields:
        What names the document, what was read or why it was not, and the seconds it took.
    """
    if processes == 0:
        for name, request in work:
            yield name, *timed(request)
        return
    yield from _Readers(processes).read_all(work)


class _Readers:
    """Processes that read, each asked by a thread of ours at a time."""

    def __init__(self, processes: int) -> None:
        self._count = processes
        self._idle: SimpleQueue[subprocess.Popen[bytes] | None] = SimpleQueue()
        for _ in range(processes):
            self._idle.put(None)

    def read_all(
        self, work: Iterable[tuple[_T, Request]]
    ) -> Iterator[tuple[_T, Read | EngramError, float]]:
        """Read documents in their order, some ahead of who asks."""
        from collections import deque

        waiting: deque[tuple[_T, Any]] = deque()
        with ThreadPoolExecutor(self._count, thread_name_prefix="engram-read") as pool:
            try:
                for name, request in work:
                    waiting.append((name, pool.submit(self._read, request)))
                    if len(waiting) >= self._count * _AHEAD:
                        first, answer = waiting.popleft()
                        yield first, *answer.result()
                while waiting:
                    first, answer = waiting.popleft()
                    yield first, *answer.result()
            finally:
                for _, answer in waiting:
                    answer.cancel()
                self._stop()

    def _read(self, request: Request) -> Answer:
        """Let the next idle process read a document."""
        process = self._idle.get()
        if process is None:
            try:
                process = _start()
            except BaseException:
                self._idle.put(None)
                raise
        try:
            assert process.stdin is not None
            assert process.stdout is not None
            _send(process.stdin, request)
            answer: Answer | None = _receive(process.stdout)
        except (OSError, EOFError, pickle.PickleError):
            answer = None
        if answer is not None:
            self._idle.put(process)
            return answer
        code = _end(process)
        self._idle.put(None)
        name = request.path or request.filename or "a document"
        return (
            Corrupt(
                "document.damaged",
                f"the process that read {name} died of it (status {code})",
                "see whether another program opens it",
            ),
            0.0,
        )

    def _stop(self) -> None:
        """End the processes that are idle; all are, once every thread is done."""
        for _ in range(self._count):
            _end(self._idle.get())


def _start() -> subprocess.Popen[bytes]:
    """Start a process that serves, with our own places to import from."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    try:
        return subprocess.Popen(  # noqa: S603 - our own interpreter, our own words
            [sys.executable, "-c", _COMMAND],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
        )
    except OSError as cause:
        raise io_error("starting a process that reads documents", cause, sys.executable) from cause


def _end(process: subprocess.Popen[bytes] | None) -> int | None:
    """Let a process end by closing what it reads from; give its status."""
    if process is None:
        return None
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            try:
                stream.close()
            except OSError:
                continue
    return process.wait()


def _send(stream: BinaryIO | Any, value: object) -> None:
    raw = pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL)
    stream.write(_LENGTH.pack(len(raw)))
    stream.write(raw)
    stream.flush()


def _receive(stream: BinaryIO | Any) -> Any:
    """Read one message of a process that we started, or that started us.

    Raises:
        EOFError: Where it ends before the message does.
    """
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        raise EOFError
    (length,) = _LENGTH.unpack(head)
    raw = stream.read(length)
    if len(raw) < length:
        raise EOFError
    return pickle.loads(raw)  # noqa: S301 - from our own process


def serve(answer: Callable[[Request], Answer] = timed) -> None:
    """Read what comes in on standard input, until it ends; what libraries print goes to errors."""
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    while True:
        try:
            request = _receive(sys.stdin.buffer)
        except EOFError:
            return
        _send(out, answer(request))
