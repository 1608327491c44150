"""Makes the data of the benchmarks: real passages, their vectors, queries and true answers.

Owns: a folder per size, `FOLDER/<records>/`, with `records.jsonl`, `vectors.npy`, `queries.jsonl`,
`query_vectors.npy`, `truth.npz` and `words.json`. Everything is a function of the packages fetched,
so two machines with the same packages get the same bytes. `corpus.py` is the command.
"""
