"""Lengths in characters, in tokens, and as tokenizers count."""

import pytest

from engram.errors import InvalidInput
from engram.rag import RecursiveCharacterTextSplitter, TokenTextSplitter, estimate_tokens
from engram.rag.lengths import as_counter


def wordpieces():
    """A tokenizer of words and letters, made here."""
    tokenizers = pytest.importorskip("tokenizers")
    letters = {letter: n for n, letter in enumerate("abcdefghijklmnopqrstuvwxyz.")}
    vocabulary = letters | {f"##{one}": 100 + n for one, n in letters.items()}
    vocabulary |= {"[UNK]": 900, "word": 901, "[CLS]": 902, "[SEP]": 903}
    model = tokenizers.models.WordPiece(vocabulary, unk_token="[UNK]")
    tokenizer = tokenizers.Tokenizer(model)
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    tokenizer.post_processor = tokenizers.processors.BertProcessing(("[SEP]", 903), ("[CLS]", 902))
    return tokenizer


def bytepairs():
    """A byte-pair encoding with a few merges, made here."""
    tiktoken = pytest.importorskip("tiktoken")
    ranks = {bytes([byte]): byte for byte in range(256)}
    ranks |= {b"wo": 256, b"rd": 257, b"word": 258, b" word": 259}
    special = {"<|end|>": 300}
    return tiktoken.Encoding(
        "few", pat_str=r" ?\w+|\W", mergeable_ranks=ranks, special_tokens=special
    )


def test_tokens_are_estimated_by_words_numbers_signs_and_ideographs():
    assert estimate_tokens("") == estimate_tokens(" ") == 0
    assert estimate_tokens("a short word") == 3
    assert estimate_tokens("internationalization") == 4
    assert estimate_tokens("1234567, x.y") == 3 + 1 + 3
    assert estimate_tokens("漢字です") == 4
    assert estimate_tokens("привет") == 3
    assert estimate_tokens("😀") == 2


@pytest.mark.parametrize("make", [wordpieces, bytepairs])
def test_a_tokenizer_measures(make, splits):
    tokenizer = make()
    count = as_counter(tokenizer)
    text = "word and other word. " * 60 + "word" * 40
    for kind in (RecursiveCharacterTextSplitter, TokenTextSplitter):
        chunks = splits(kind(20, 5, length=tokenizer), text, 20, 5, count)
        assert len(chunks) > 5
        assert max(count(chunk.text) for chunk in chunks) > 15


def test_special_tokens_are_not_counted():
    assert as_counter(wordpieces())("word word") == 2
    assert as_counter(bytepairs())("word word") == 2
    assert as_counter(bytepairs())("<|end|>") == 7


@pytest.mark.parametrize("setting", ["truncation", "padding"])
def test_a_tokenizer_that_cuts_or_pads_cannot_count(setting):
    tokenizer = wordpieces()
    if setting == "truncation":
        tokenizer.enable_truncation(8)
    else:
        tokenizer.enable_padding(length=8)
    with pytest.raises(InvalidInput) as caught:
        as_counter(tokenizer)
    assert caught.value.code == "input.invalid"
    assert caught.value.hint == f"call its no_{setting}() first"


def test_a_tokenizer_without_options_counts():
    class Plain:
        def encode(self, text):
            return text.split()

    assert as_counter(Plain())("a b c") == 3


def test_one_character_that_is_too_many_tokens_is_a_chunk():
    assert RecursiveCharacterTextSplitter(1, length=bytepairs()).split_text("é漢") == ["é", "漢"]
