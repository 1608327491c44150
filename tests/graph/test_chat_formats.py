"""Chats come in and go out in the forms of other programs."""

import json
import zipfile

import pytest

OPENAI = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "What is in the picture?", "name": "alice"},
    {
        "role": "user",
        "content": [
            {"type": "text", "text": "Look:"},
            {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}},
        ],
    },
    {
        "role": "assistant",
        "content": None,
        "tool_calls": [
            {"id": "c1", "type": "function", "function": {"name": "see", "arguments": "{}"}}
        ],
    },
    {"role": "tool", "tool_call_id": "c1", "content": "a cat"},
    {"role": "assistant", "content": "A cat."},
]

SHAREGPT = {
    "id": "identity_0",
    "system": "Be kind.",
    "conversations": [
        {"from": "human", "value": "Hello"},
        {"from": "gpt", "value": "Hi!", "weight": 1},
        {"from": "function_call", "value": '{"name": "see"}'},
        {"from": "observation", "value": "a cat"},
        {"from": "chatgpt", "value": "A cat."},
        {"from": "narrator", "value": "Silence."},
    ],
}


def entry(id_, parent, children, role=None, text=None, **more):
    message = None
    if role is not None:
        message = {
            "id": id_,
            "author": {"role": role, "name": None, "metadata": {}},
            "create_time": more.pop("time", None),
            "content": more.pop("content", {"content_type": "text", "parts": [text]}),
            "weight": 1.0,
        } | more
    return {"id": id_, "message": message, "parent": parent, "children": children}


def chatgpt(title="Cats", id_="6f-1"):
    """A conversation with a hidden start, an edited question, and parts that are no text."""
    entries = [
        entry("root", None, ["sys"]),
        entry("sys", "root", ["q1", "q2"], "system", "", weight=0.0),
        entry("q1", "sys", ["a1"], "user", "What is a cta?", time=1700000000.0),
        entry("a1", "q1", [], "assistant", "No idea.", time=1700000001.0),
        entry("q2", "sys", ["t2"], "user", "What is a cat?", time=1700000002.25),
        entry("t2", "q2", ["a2"], "assistant", time=1700000003.5,
              content={"content_type": "code", "language": "python", "text": "look('cat')"}),
        entry("a2", "t2", ["a3"], "tool", time=None,
              content={"content_type": "multimodal_text",
                       "parts": [{"content_type": "image_asset_pointer"}, "a picture"]}),
        entry("a3", "a2", [], "assistant", "An animal.", time=1700000004.0,
              metadata={"model_slug": "gpt-4o"}),
    ]  # fmt: skip
    return {
        "title": title,
        "create_time": 1700000000.0,
        "update_time": 1700000004.0,
        "mapping": {one["id"]: one for one in entries},
        "current_node": "a3",
        "conversation_id": id_,
        "default_model_slug": "gpt-4o",
    }


def test_openai_messages_come_back_as_they_were(graph):
    (chat,) = graph.import_chats(OPENAI)
    assert chat.export() == chat.export("openai") == OPENAI
    roles = [message.role for message in chat.messages()]
    assert roles == [message["role"] for message in OPENAI]
    assert [message.text for message in chat.messages()] == [
        "Be brief.", "What is in the picture?", "Look:", None, "a cat", "A cat.",
    ]  # fmt: skip
    assert chat.messages()[1].sender == "alice"
    assert graph.degree(chat.id) == len(OPENAI)
    (again,) = graph.import_chats({"messages": OPENAI, "tools": []}, "openai")
    assert again.id != chat.id


def test_sharegpt_comes_back_as_it_was(graph):
    (chat,) = graph.import_chats([SHAREGPT])
    assert chat.export("sharegpt") == SHAREGPT
    assert [message.role for message in chat.messages()] == [
        "user", "assistant", "assistant", "tool", "assistant", "narrator",
    ]  # fmt: skip
    assert len(graph.import_chats([SHAREGPT, SHAREGPT])) == 2
    assert len(graph.chats()) == 3


def test_chatgpt_gives_the_branch_that_it_shows(graph):
    (chat,) = graph.import_chats(chatgpt())
    assert (chat.id, chat.title) == ("6f-1", "Cats")
    assert [(message.role, message.text) for message in chat.messages()] == [
        ("user", "What is a cat?"),
        ("assistant", "look('cat')"),
        ("tool", "a picture"),
        ("assistant", "An animal."),
    ]
    assert [message.timestamp[17:] for message in chat.messages()] == [
        "22.250000Z", "23.500000Z", "23.500001Z", "24.000000Z",
    ]  # fmt: skip
    written = chat.export("chatgpt")
    source = chatgpt()
    for key in ("title", "create_time", "conversation_id", "current_node", "default_model_slug"):
        assert written[key] == source[key]
    for id_ in ("q2", "t2", "a3"):
        ours, theirs = written["mapping"][id_]["message"], source["mapping"][id_]["message"]
        assert {key: ours[key] for key in theirs} == theirs
    (other,) = graph.import_chats(written | {"conversation_id": "copy"})
    assert [m.text for m in other.messages()] == [m.text for m in chat.messages()]


def test_importing_a_chatgpt_conversation_again_replaces_it(graph, code):
    graph.import_chats(chatgpt())
    longer = chatgpt("More cats")
    longer["mapping"]["a3"]["children"] = ["q4"]
    longer["mapping"]["q4"] = entry("q4", "a3", [], "user", "Thanks", time=1700000009.0)
    longer["current_node"] = "q4"
    before = graph.database.stats().commit
    (chat,) = graph.import_chats([longer])
    assert graph.database.stats().commit == before + 1
    assert chat.title == "More cats"
    assert len(chat.messages()) == 5
    assert len(graph.chats()) == 1
    assert graph.count("Message") == 5
    graph.create_node("Person", "p1")
    assert code(graph.import_chats, chatgpt(id_="p1")) == "node.exists"


def test_one_form_is_written_from_another(graph):
    (chat,) = graph.import_chats(chatgpt())
    assert chat.export("sharegpt") == {
        "id": "6f-1",
        "conversations": [
            {"from": "human", "value": "What is a cat?"},
            {"from": "gpt", "value": "look('cat')"},
            {"from": "observation", "value": "a picture"},
            {"from": "gpt", "value": "An animal."},
        ],
    }
    own = graph.create_chat("Own")
    own.add_message("Alice B.", "Hello", "user")
    own.add_message("bot-1", "Hi", "assistant")
    assert own.export("openai") == [
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": "Hi", "name": "bot-1"},
    ]
    (back,) = graph.import_chats(own.export("chatgpt") | {"conversation_id": "x"})
    assert [(m.sender, m.text, m.timestamp) for m in back.messages()] == [
        (m.sender, m.text, m.timestamp) for m in own.messages()
    ]


def test_what_was_changed_is_what_is_written(graph):
    (chat,) = graph.import_chats(OPENAI)
    message = chat.messages()[2]
    message.content = "Never mind."
    message.save()
    assert chat.export()[2] == {"role": "user", "content": "Never mind."}
    (other,) = graph.import_chats(chatgpt())
    last = other.messages()[-1]
    last.content = "A pet."
    last.save()
    content = other.export("chatgpt")["mapping"]["a3"]["message"]["content"]
    assert content == {"content_type": "text", "parts": ["A pet."]}


def test_files_of_each_kind_are_read_and_written(graph, tmp_path, db):
    with zipfile.ZipFile(tmp_path / "export.zip", "w") as archive:
        archive.writestr("conversations-000.json", json.dumps([chatgpt("One", "1")]))
        archive.writestr("conversations-001.json", json.dumps([chatgpt("Two", "2")]))
        archive.writestr("user.json", "{}")
    chats = graph.import_chats(tmp_path / "export.zip")
    assert [chat.title for chat in chats] == ["One", "Two"]
    for format_, name in (("openai", "a.jsonl"), ("sharegpt", "b.jsonl.gz"), ("chatgpt", "c.json")):
        assert graph.export_chats(tmp_path / name, format_) == 2
        other = type(graph)(db, name)
        read = other.import_chats(str(tmp_path / name))
        assert [chat.export("openai") for chat in read] == [c.export("openai") for c in chats]
    assert graph.export_chats(tmp_path / "none.jsonl", chats=[]) == 0
    assert graph.import_chats(tmp_path / "none.jsonl") == []
    assert graph.export_chats(tmp_path / "none.json", "chatgpt", chats=[]) == 0
    assert graph.import_chats(tmp_path / "none.json") == []


def test_damaged_trees_end(graph):
    loop = chatgpt()
    loop["mapping"]["sys"]["parent"] = "a3"
    assert len(graph.import_chats(loop)[0].messages()) == 4
    lost = chatgpt(id_="lost")
    lost["current_node"] = "gone"
    assert [m.text for m in graph.import_chats(lost)[0].messages()][-1] == "An animal."
    assert graph.import_chats({"mapping": {}, "title": None})[0].messages() == []


@pytest.mark.parametrize(
    "data",
    [
        "nothing.json",
        {"hello": 1},
        3,
        [[{"role": 1}]],
        {"messages": 3},
        {"messages": [{"content": "x"}]},
        {"messages": [{"role": "user", "content": 3}]},
        {"conversations": {}},
        {"conversations": [{"from": "human"}]},
        {"mapping": []},
        {"mapping": {"a": {"message": {"author": {}}, "children": []}}},
        {"mapping": {"a": {"message": {"author": {"role": "user"}, "create_time": 1e300},
                           "children": []}}},
    ],
)  # fmt: skip
def test_what_is_no_conversation_is_refused(graph, code, data, tmp_path):
    if isinstance(data, str):
        assert code(graph.import_chats, tmp_path / data) == "file.not_found"
        (tmp_path / data).write_text("{")
        assert code(graph.import_chats, tmp_path / data) == "input.invalid"
        (tmp_path / "a.zip").write_text("no archive")
        assert code(graph.import_chats, tmp_path / "a.zip") == "input.invalid"
        with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
            archive.writestr("user.json", "{}")
        assert code(graph.import_chats, tmp_path / "a.zip") == "input.invalid"
        assert code(graph.export_chats, tmp_path / "x", "word") == "input.invalid"
        assert code(graph.import_chats, OPENAI, "word") == "input.invalid"
    else:
        assert code(graph.import_chats, data) == "input.invalid"
    assert graph.count() == 0
