"""Several collections in one file: each with settings of its own, one transaction over all."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

import engram


class Lost(Exception):
    """The delivery that did not arrive."""


def deliver() -> None:
    """Fail."""
    raise Lost


def main() -> None:
    """Keep products, images and orders in one file."""
    with tempfile.TemporaryDirectory() as folder, engram.open(Path(folder) / "s.engram") as db:
        # Text in German, vectors compared by distance, and vectors in half the room.
        products = db.create_collection("products", language="de")
        images = db.create_collection(
            "images",
            metric="l2",
            embedder=None,
            spaces={"vector": engram.Space("dense", 64, element="float16")},
        )
        orders = db.create_collection("orders", embedder=None)

        products.put("p1", text="Rote Äpfel aus dem Alten Land", metadata={"stock": 3})
        products.put("p2", text="Birnensaft, naturtrüb", metadata={"stock": 0})
        pictures = np.random.default_rng(7).standard_normal((2, 64), dtype=np.float32)
        images.put_many(ids=["p1", "p2"], vectors=pictures)

        # The same id in two collections is two records.
        assert products.query("Apfel", mode="lexical").ids == ["p1"]
        assert images.query(vector=pictures[1], k=1).ids == ["p2"]
        print("found p1 by a word in the singular, p2 by its picture")

        # Both writes, or none of them.
        with db.transaction():
            orders.put("o1", metadata={"product": "p1", "count": 1})
            products.update("p1", metadata={"stock": 2})
        try:
            with db.transaction():
                orders.put("o2", metadata={"product": "p1", "count": 2})
                products.update("p1", metadata={"stock": 0})
                deliver()
        except Lost:
            print("the second order was rolled back")
        assert "o2" not in orders
        record = products.get("p1")
        assert record is not None
        assert record.metadata["stock"] == 2

        for name, part in sorted(db.stats().collections.items()):
            spaces = ", ".join(f"{s.name}[{s.dimension}] {s.element}" for s in part.spaces)
            print(f"{name:<9} {part.records} records, {part.language}, vectors: {spaces or '-'}")

        assert db.delete_collection("images")
        print(f"left: {', '.join(sorted(db.list_collections()))}")


if __name__ == "__main__":
    main()
