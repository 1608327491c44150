"""What the tests of the toolkit share."""

from pathlib import Path

import pytest

SAMPLES = Path(__file__).parent / "samples"
LANGUAGES = sorted(path.stem for path in SAMPLES.glob("*.txt"))


@pytest.fixture(scope="session")
def splits():
    """The laws of every splitter, checked for one text; gives the chunks."""

    def check(splitter, text, size, overlap, measure=len):
        chunks = splitter.split(text)
        covered = 0
        before = None
        for chunk in chunks:
            assert chunk.text == text[chunk.start : chunk.end] != ""
            assert measure(chunk.text) <= size or len(chunk.text) == 1
            assert chunk.start <= covered < chunk.end, "a gap, or nothing new"
            assert measure(text[chunk.start : covered]) <= overlap
            assert before is None or chunk.start > before.start
            covered, before = chunk.end, chunk
        assert covered == len(text)
        assert splitter.split_text(text) == [chunk.text for chunk in chunks]
        return chunks

    return check


@pytest.fixture(params=LANGUAGES)
def language(request):
    return request.param


@pytest.fixture
def code(language):
    return (SAMPLES / f"{language}.txt").read_text(encoding="utf-8")
