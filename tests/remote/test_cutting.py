"""Texts are cut into requests that a provider takes."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from engram.remote.calling import estimated_tokens
from engram.remote.cutting import cut


@given(
    texts=st.lists(st.text(min_size=1, max_size=60), max_size=40),
    most_texts=st.integers(1, 10),
    most_tokens=st.none() | st.integers(1, 60),
    most_bytes=st.integers(1, 200),
)
def test_every_text_is_in_one_batch_within_all_limits(texts, most_texts, most_tokens, most_bytes):
    runs = cut(texts, most_texts=most_texts, most_tokens=most_tokens, most_bytes=most_bytes)
    assert [place for run in runs for place in run] == list(range(len(texts)))
    for run in runs:
        assert 1 <= len(run) <= most_texts
        batch = [texts[place] for place in run]
        if len(run) > 1:
            assert most_tokens is None or sum(map(estimated_tokens, batch)) <= most_tokens
            assert sum(len(text.encode()) for text in batch) <= most_bytes
    for one, other in itertools.pairwise(runs):
        # No two neighbours would have fitted into one.
        both = [texts[place] for place in (*one, other[0])]
        assert (
            len(both) > most_texts
            or (most_tokens is not None and sum(map(estimated_tokens, both)) > most_tokens)
            or sum(len(text.encode()) for text in both) > most_bytes
        )


def test_tokens_are_estimated_from_bytes():
    assert estimated_tokens("") == 1
    assert estimated_tokens("four") == 2
    assert estimated_tokens("\u732b" * 10) == 11
