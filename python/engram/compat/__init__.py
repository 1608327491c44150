"""The names of other systems over engram: code written for them runs with its import changed.

Owns: nothing but the modules beside it, one per system, each a thin layer over the public API.
"""

__all__: list[str] = []
