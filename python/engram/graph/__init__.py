"""Nodes, edges and conversations in one file, and what can be asked of them together.

`Graph` is a lens on one collection of a database: nodes are its records, edges are the engine's.
"""

from __future__ import annotations

from engram.graph.changes import Change
from engram.graph.converged import ConvergedQuery
from engram.graph.edge_texts import EdgeMatch
from engram.graph.graphs import Graph
from engram.graph.kinds import Chat, Document, Entity, Message, Summary
from engram.graph.matches import Match, Matches
from engram.graph.nodes import Attribute, Node

__all__ = [
    "Attribute",
    "Change",
    "Chat",
    "ConvergedQuery",
    "Document",
    "EdgeMatch",
    "Entity",
    "Graph",
    "Match",
    "Matches",
    "Message",
    "Node",
    "Summary",
]
