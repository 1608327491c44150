"""all-MiniLM-L6-v2 in int8, in the folder ``model`` beside this file. Data, no code."""
