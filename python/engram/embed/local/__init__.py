"""What the models that run here share: folders, tokens, sessions, batches, pooling.

Owns: everything between a folder of files and arrays of numbers. ONNX Runtime and tokenizers are
loaded by the first model, never by an import. The models themselves are in `engram.embed`.
"""
