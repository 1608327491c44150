"""The code samples of the order for EmbeddedDB, with nothing changed but the import."""

import textwrap

import pytest

from engram.compat import embedded_db

DESIGN = """
from embedded_db import EmbeddedDB, ConvergedQuery

# Open database
db = EmbeddedDB("path/to/db")

# Create chat
chat = db.create_chat(title="Project Discussion", topic="Rust Database")

# Add messages
msg1 = chat.add_message(
    sender="Alice",
    content="We should use Rust for performance",
    role="user"
)

# Query with converged pipeline
results = db.query(
    structural_filters=[
        {"property": "chat_id", "operator": "Equals", "value": chat.id}
    ],
    semantic_query={
        "text": "database performance",  # Auto-generates embedding
        "threshold": 0.7
    },
    limit=10
)

# Access results
for result in results:
    print(f"Node: {result.node.id}, Score: {result.similarity_score}")
"""

PATH = """
# Graph traversal
path = db.find_shortest_path(start_id="msg_1", end_id="entity_5")
"""

STORAGE = """
db.create_node(node_dict)
db.get_node(node_id)
db.update_node(node_id, updates)
db.delete_node(node_id)
"""

QUERY = """
query = ConvergedQuery(
    structural_filters=[...],
    graph_filter={...},
    semantic_query={...}
)
results = db.execute_query(query)
"""

SCHEDULER = """
# Set activity level from Python
db.set_activity_level("HighActivity")  # User is chatting
db.set_activity_level("SleepMode")     # User idle for 30 min
"""

WEAVER = """
# Automatically emits events on CRUD
# Python can query status:
status = db.weaver_status()
# {"active_workers": 4, "queue_size": 12, "last_event": "..."}
"""

ENRICHMENT = """
def test_message_enrichment():
    db = EmbeddedDB(":memory:")
    
    # Create message
    msg = db.create_message(
        chat_id="chat_1",
        content="Alice met Bob in Paris"
    )
    
    # Wait for weaver to process
    time.sleep(0.5)
    
    # Check enrichment
    embedding = db.get_embedding_for_node(msg.id)
    assert embedding is not None
    assert len(embedding.vector) == 384
    
    # Check entity extraction
    entities = db.get_entities_mentioned_in(msg.id)
    assert len(entities) >= 3  # Alice, Bob, Paris
    assert any(e.label == "Paris" for e in entities)
"""  # noqa: W293 - as it was ordered


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run samples with the import line changed, and close what they open."""
    monkeypatch.chdir(tmp_path)
    space = {"__name__": "sample"}

    def run_it(sample, **names):
        space.update(names)
        changed = sample.replace("from embedded_db import", "from engram.compat.embedded_db import")
        exec(textwrap.dedent(changed), space)
        return space

    yield run_it
    if "db" in space:
        space["db"].close()


def test_the_sample_of_the_design_runs(run, capsys, tmp_path):
    space = run(DESIGN)
    assert (tmp_path / "path" / "to" / "db").is_file()
    assert all(result.similarity_score >= 0.7 for result in space["results"])
    db, chat, message = space["db"], space["chat"], space["msg1"]
    near = db.query(
        structural_filters=[{"property": "chat_id", "operator": "Equals", "value": chat.id}],
        semantic_query={"text": "Rust for performance", "threshold": 0.7},
    )
    assert [result.node.id for result in near] == [message.id]
    db.create_node({"id": "msg_1", "label": "Message"})
    db.create_node({"id": "entity_5", "label": "Entity", "name": "Rust"})
    db.create_edge({"source": "msg_1", "type": "MENTIONS", "target": "entity_5"})
    assert run(PATH)["path"] == ["msg_1", "entity_5"]


def test_the_samples_of_the_map_run(run):
    space = run("from embedded_db import EmbeddedDB, ConvergedQuery\ndb = EmbeddedDB(':memory:')")
    db = space["db"]
    node = {"id": "n1", "label": "Note", "text": "a red cat", "color": "red"}
    run(STORAGE, node_dict=node, node_id="n1", updates={"color": "blue"})
    assert db.get_node("n1") is None
    db.create_node(node)
    filled = (
        QUERY.replace("[...]", '[{"property": "color", "operator": "Equals", "value": "red"}]')
        .replace("graph_filter={...}", 'graph_filter={"start": "n1", "hops": 1}')
        .replace("semantic_query={...}", 'semantic_query={"text": "red cat", "threshold": 0.5}')
    )
    (result,) = run(filled)["results"]
    assert (result.node.id, result.path.ids) == ("n1", ("n1",))
    run(SCHEDULER)
    status = run(WEAVER)["status"]
    assert status["level"] == "SleepMode"
    assert {"active_workers", "queue_size", "last_event"} <= status.keys()


def test_the_sample_of_enrichment_runs(run, monkeypatch):
    """Its sleep is there; what is waited for is the weaver."""
    opened = []

    class Opened(embedded_db.EmbeddedDB):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            opened.append(self)

    class time:  # noqa: N801 - stands for the module
        @staticmethod
        def sleep(seconds):
            assert seconds == 0.5
            opened[0].wait_until_enriched(timeout=30)

    space = run(ENRICHMENT, EmbeddedDB=Opened, time=time)
    space["test_message_enrichment"]()
    opened[0].close()
