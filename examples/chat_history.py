"""A conversation comes in from ChatGPT, is enriched in the background, searched, and goes out."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import engram
from engram.weaver import Weaver

SAID = [
    ("user", "I met Bob in Paris. He wants to move to Lyon."),
    ("assistant", "Lyon is two hours from Paris by train."),
    ("user", "Good. Bob starts at Acme Corp in May."),
]


def exported() -> list[dict[str, Any]]:
    """Stand for the conversations.json of an export: a tree with one branch."""
    mapping: dict[str, Any] = {
        "root": {"id": "root", "message": None, "parent": None, "children": ["m0"]}
    }
    for n, (role, text) in enumerate(SAID):
        message = {
            "id": f"m{n}",
            "author": {"role": role},
            "create_time": 1_760_000_000.0 + n,
            "content": {"content_type": "text", "parts": [text]},
        }
        parent = f"m{n - 1}" if n else "root"
        children = [f"m{n + 1}"] if n + 1 < len(SAID) else []
        mapping[f"m{n}"] = {
            "id": f"m{n}",
            "message": message,
            "parent": parent,
            "children": children,
        }
    return [
        {"conversation_id": "c1", "title": "Bob", "mapping": mapping, "current_node": "m2"},
    ]


def main() -> None:
    """Import, enrich, ask, answer, export."""
    with tempfile.TemporaryDirectory() as name, engram.open(Path(name) / "chats.engram") as db:
        file = Path(name) / "conversations.json"
        file.write_text(json.dumps(exported()), encoding="utf-8")
        with Weaver(db.graph) as weaver:
            (chat,) = db.graph.import_chats(file)
            chat.add_message("assistant", "Shall I look for flats near Acme Corp?", "assistant")
            weaver.wait_until_enriched(timeout=60)

        for message in chat.messages():
            names = ", ".join(entity.name for entity in message.entities())
            print(f"{message.timestamp} {message.sender}: {message.content}  [{names}]")
        bob = db.graph.find_entity("Bob")
        assert bob is not None
        print(f"Bob has to do with {', '.join(entity.name for entity in bob.related())}")

        found = db.graph.query(
            structural_filters=[{"property": "chat_id", "operator": "Equals", "value": chat.id}],
            graph_filter={"start": bob.id, "hops": 1, "edge_types": ["MENTIONS"]},
            semantic_query="which city does he move to?",
            limit=1,
        )
        print(f"about Bob's move: {found[0].node.text!r} ({found[0].similarity_score:.2f})")

        messages = chat.export("openai")
        assert [message["role"] for message in messages] == [role for role, _ in SAID] + [
            "assistant"
        ]
        written = db.graph.export_chats(Path(name) / "chats.jsonl", "sharegpt")
        print(f"wrote {written} chat for training, {len(messages)} messages")


if __name__ == "__main__":
    main()
