"""A support desk whose messages are enriched in the background: who is mentioned, and with whom.

    python examples/weaver.py

Offline: rules find the entities, the built-in model embeds, summaries are sentences of the
messages. The database is in a folder that is removed at the end.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import engram
from engram.weaver import Event, Idleness, Weaver

MESSAGES = [
    ("customer", "Hello, Alice Weber from Acme Corp here. Our printer in Berlin is out of order."),
    ("support", "Good morning! Bob Miller repairs printers in Berlin; he can come on Tuesday."),
    ("customer", "Tuesday is fine. Please tell Bob to ask for Carol at the door."),
    ("support", "Bob Miller knows, and Acme Corp gets the bill at the end of the month."),
]


def main() -> None:
    """Talk, wait for the workers, look at what they found, change something, look again."""
    with tempfile.TemporaryDirectory() as folder, engram.open(Path(folder) / "desk.engram") as db:
        graph = db.graph
        graph.embed = "later"  # no put waits for a model
        # By itself, the weaver does more the longer nothing has happened.
        with Weaver(graph, idleness=Idleness(normal=0, idle=60, sleep=1_800)) as weaver:
            weaver.on("dead", report)
            chat = graph.create_chat("Printer out of order")
            said = [chat.add_message(sender, text) for sender, text in MESSAGES]
            print(f"{len(said)} messages put, {weaver.weaver_status()['queue_size']} tasks to do")
            weaver.wait_until_enriched(timeout=60)

            for entity in sorted(chat.entities(), key=lambda one: -len(one.mentions())):
                others = ", ".join(other.name for other in entity.related())
                count = len(entity.mentions())
                print(f"{entity.name} ({entity.kind}): {count} messages, with {others or 'nobody'}")
            print("In short:", chat.summaries()[0].text)

            said[2].delete()
            weaver.wait_until_enriched(timeout=60)
            left = sorted(entity.name for entity in chat.entities())
            print("Without the third message:", ", ".join(left))
            kinds = weaver.weaver_status()["kinds"]
            done = sum(counts["done"] for counts in kinds.values())
            print(f"{done} tasks done, {weaver.weaver_status()['dead_letters']} given up")


def report(event: Event) -> None:
    """Say that something could not be enriched."""
    print("given up:", event.node, event.message)


if __name__ == "__main__":
    main()
