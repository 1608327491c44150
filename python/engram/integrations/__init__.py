"""Stores for other frameworks: LangChain, LlamaIndex and Haystack.

Each module needs the framework it is for (``pip install 'engram[langchain]'``, ``[llamaindex]``,
``[haystack]``) and is imported by its own name: `engram.integrations.langchain`,
`engram.integrations.llamaindex`, `engram.integrations.haystack`. All of them are thin: one
collection of a database, whose records other code can read, query and link like any other.
"""
