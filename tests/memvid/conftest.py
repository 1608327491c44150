"""What the tests of memvid-sdk's names share: a folder, a memory, loopback providers."""

import pytest

from engram.compat.memvid import create
from provider_fixtures import no_environment, serve  # noqa: F401


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def notes(folder):
    with create("notes.mv2") as memory:
        memory.put(
            title="Project Update",
            label="meeting",
            text="Discussed Q4 roadmap. Alice will handle the frontend refactor.",
            metadata={"date": "2024-01-15", "attendees": ["Alice", "Bob"]},
        )
        memory.put(
            title="Technical Decision",
            label="architecture",
            text="Decided to use PostgreSQL for the main database. Redis for caching.",
        )
        yield memory
