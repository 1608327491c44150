"""Code is split by its syntax."""

import builtins
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engram.errors import InvalidInput, MissingExtra
from engram.rag import CodeTextSplitter
from engram.rag.syntax import LANGUAGES

pytest.importorskip("tree_sitter")

ALIASES = {"c++": "cpp", "js": "javascript", "TS": "typescript", "Python": "python", "golang": "go"}


@pytest.mark.parametrize("pair", [(1, 0), (40, 10), (120, 0), (300, 60), (1_000, 0), (10_000, 0)])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_laws_hold_for_code(splits, language, code, pair, end):
    splitter = CodeTextSplitter(*pair).with_language(language)
    chunks = splits(splitter, code.replace("\n", end), *pair)
    assert len(chunks) > 1 or pair[0] > len(code)


def test_chunks_start_at_lines_and_hold_whole_lines(language, code):
    """The samples have one line longer than that, in JavaScript."""
    for chunk in CodeTextSplitter(250, 60).with_language(language).split(code):
        at_line = chunk.start == 0 or code[chunk.start - 1] == "\n"
        line = code[code.rfind("\n", 0, chunk.start) + 1 : code.find("\n", chunk.start)]
        assert at_line or line.startswith("const compact=") or len(line) > 90


def test_no_word_and_no_short_string_is_cut(language, code):
    for size in (60, 120, 200):
        for chunk in CodeTextSplitter(size).with_language(language).split(code):
            if chunk.end < len(code):
                edge = code[chunk.end - 1 : chunk.end + 1]
                inside = code[code.rfind("\n", 0, chunk.end) + 1 : chunk.end]
                assert not re.fullmatch(r"\w\w", edge) or inside.count('"') % 2 == 1
                assert inside.count('"') % 2 == 0 or len(inside) >= size - 40 or "`" in inside


def test_a_comment_stays_with_what_it_is_about(language, code):
    for size in (200, 350, 500):
        for chunk in CodeTextSplitter(size).with_language(language).split(code):
            last = chunk.text.rstrip().rsplit("\n", 1)[-1].strip()
            assert not re.match(r"(#|//) (A comment that|It has two)|@|#\[", last), (size, last)


def test_a_chunk_within_a_definition_knows_which(language, code):
    chunks = CodeTextSplitter(150).with_language(language).split(code)
    paths = {part for chunk in chunks for part in chunk.path}
    assert any(word in " ".join(paths) for word in ("add", "Add", "Store", "dump")), paths
    assert not any(part.endswith(("{", ":")) for part in paths)


def test_the_path_leads_from_the_outside_in():
    code = "class A:\n    def f(self):\n" + "".join(f"        x{n} = {n}\n" for n in range(20))
    chunks = CodeTextSplitter(100).with_language("python").split(code)
    assert chunks[0].path == ()
    assert chunks[0].text.startswith("class A:\n    def f(self):\n        x0 = 0\n")
    assert [chunk.path for chunk in chunks[1:]] == [("class A", "def f(self)")] * (len(chunks) - 1)
    assert chunks[1].contextual.startswith("class A > def f(self)\n\n        x")


def test_definitions_are_packed_whole():
    one = "def one():\n    return 1\n\n\n"
    two = "# about two\n@cache\ndef two():\n    return 2\n\n\n"
    code = one + two + one
    assert CodeTextSplitter(60).with_language("python").split_text(code) == [one, two, one]


def test_a_long_line_is_cut_between_tokens():
    code = "var x=" + "+".join(f"value{n}*{n}" for n in range(100)) + ";"
    for chunk in CodeTextSplitter(50).with_language("js").split(code):
        assert re.fullmatch(r"(var x=|[+*;]|value\d+|\d+)*", chunk.text)


@settings(max_examples=60)
@given(text=st.text(max_size=300), name=st.sampled_from(sorted(LANGUAGES)), size=st.integers(1, 50))
def test_what_is_no_code_is_split_all_the_same(splits, text, name, size):
    splits(CodeTextSplitter(size, size // 3).with_language(name), text, size, size // 3)


def test_without_a_language_it_breaks_behind_blank_lines_and_lines():
    assert CodeTextSplitter(12).split_text("a b\nc d\n\ne f g h\ni") == [
        "a b\nc d\n\n",
        "e f g h\ni",
    ]
    assert CodeTextSplitter(12).language is None


@pytest.mark.parametrize("name", [*LANGUAGES, *ALIASES])
def test_a_language_gives_a_new_splitter(name):
    plain = CodeTextSplitter(100, 10)
    chosen = plain.with_language(name)
    assert chosen.language == ALIASES.get(name, name)
    assert plain.language is None
    assert repr(chosen).endswith(f"chunk_overlap=10).with_language({chosen.language!r})")


@pytest.mark.parametrize("name", ["cobol", "", None])
def test_an_unknown_language_is_an_error_that_lists_the_known(name):
    with pytest.raises(InvalidInput) as caught:
        CodeTextSplitter().with_language(name)
    assert caught.value.code == "input.invalid"
    assert all(known in caught.value.hint for known in LANGUAGES)


@pytest.mark.parametrize("absent", ["tree_sitter", "tree_sitter_go"])
def test_a_missing_grammar_names_its_extra(monkeypatch, absent):
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name == absent:
            raise ImportError(name)
        return real(name, *args, **kwargs)

    def module(name):
        return without(name)

    monkeypatch.setattr(builtins, "__import__", without)
    monkeypatch.setattr("engram.rag.syntax.import_module", module)
    with pytest.raises(MissingExtra) as caught:
        CodeTextSplitter().with_language("go")
    assert caught.value.code == "extra.missing"
    assert caught.value.hint == "pip install 'engram[code]'"
