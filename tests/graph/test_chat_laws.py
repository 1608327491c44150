"""What chats in other forms hold to, whatever is in them."""

from hypothesis import given
from hypothesis import strategies as st

import engram

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 2**40) | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)


def keyed(**strategies):
    """Dicts with some of the keys, whose values are right or anything."""
    either = {key: strategy | values for key, strategy in strategies.items()}
    return st.fixed_dictionaries({}, optional=either)


ids = st.sampled_from(["a", "b", "c", "root"])
content = keyed(content_type=texts, parts=st.lists(texts | values, max_size=3), text=texts)
message = keyed(
    id=ids, author=keyed(role=st.just("user"), name=texts), create_time=st.floats(0, 2e9),
    content=content, weight=st.integers(0, 1),
)  # fmt: skip
entry = keyed(
    id=ids, message=message, parent=ids | st.none(), children=st.lists(ids, max_size=3)
)  # fmt: skip
tree = keyed(
    title=texts, mapping=st.dictionaries(ids, entry, max_size=4), current_node=ids,
    conversation_id=texts,
)  # fmt: skip
turn = keyed(**{"from": st.sampled_from(["human", "gpt"]), "value": texts})
said = keyed(role=st.sampled_from(["user", "tool"]), content=texts | st.lists(values), name=texts)


@given(tree | keyed(conversations=st.lists(turn)) | keyed(messages=st.lists(said)) | values)
def test_whatever_is_imported_is_chats_or_an_error_of_engram(data):
    with engram.open(":memory:", embedder=None) as db:
        try:
            chats = db.graph.import_chats(data)
        except engram.EngramError:
            return
        for chat in chats:
            assert len(chat.messages()) == db.graph.degree(chat.id)
            for form in ("openai", "sharegpt", "chatgpt"):
                chat.export(form)


right = st.lists(
    st.fixed_dictionaries(
        {"role": st.sampled_from(["user", "assistant", "system", "tool"]), "content": texts},
        optional={"name": st.from_regex(r"[a-z0-9_-]{1,9}", fullmatch=True), "tool_call_id": texts},
    ),
    min_size=1,
    max_size=6,
)


@given(right)
def test_messages_of_openai_come_back_as_they_were(messages):
    with engram.open(":memory:", embedder=None) as db:
        (chat,) = db.graph.import_chats(messages)
        expected = [
            {key: value for key, value in one.items() if key != "name" or value != one["role"]}
            for one in messages
        ]
        assert chat.export("openai") == expected


@given(st.lists(st.tuples(st.sampled_from(["human", "gpt", "system", "narrator"]), texts)))
def test_turns_of_sharegpt_come_back_as_they_were(turns):
    data = {"id": "x", "conversations": [{"from": who, "value": text} for who, text in turns]}
    with engram.open(":memory:", embedder=None) as db:
        (chat,) = db.graph.import_chats(data)
        assert chat.export("sharegpt") == data
