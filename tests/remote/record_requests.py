"""Write `requests.json`: what the providers' own packages send for the calls that engram makes.

Before that, check that those packages understand what the tests' server answers, so that neither
side of the tests is of our own invention.

Run in an environment of its own, when a provider's API changes::

    pip install numpy openai anthropic cohere voyageai google-genai mistralai ollama huggingface_hub
    PYTHONPATH=tests python tests/remote/record_requests.py

`test_wires.py` compares what engram sends with it.
"""

import contextlib
import importlib.metadata
import json
from pathlib import Path

import anthropic
import cohere
import huggingface_hub
import mistralai.client
import numpy as np
import ollama
import openai
import voyageai
from google import genai

from loopback import Loopback, chat, embed, vector

GOLDEN = Path(__file__).with_name("requests.json")
TEXTS = ["one text", "another"]
SYSTEM, PROMPT = "be brief", "say it"
SCHEMA = {
    "type": "object",
    "properties": {"name": {"type": "string"}},
    "required": ["name"],
    "additionalProperties": False,
}
PACKAGES = [
    "openai",
    "anthropic",
    "cohere",
    "voyageai",
    "google-genai",
    "mistralai",
    "ollama",
    "huggingface_hub",
]


def openai_embed(url):
    client = openai.OpenAI(api_key="k", base_url=f"{url}/v1", max_retries=0)
    client.embeddings.create(model="m", input=TEXTS, dimensions=4)


def mistral_embed(url):
    client = mistralai.client.Mistral(api_key="k", server_url=url)
    client.embeddings.create(model="m", inputs=TEXTS, output_dimension=4, encoding_format="float")


def cohere_embed(url):
    cohere.ClientV2(api_key="k", base_url=url).embed(
        model="m",
        texts=TEXTS,
        input_type="search_document",
        embedding_types=["float"],
        output_dimension=4,
        truncate="NONE",
    )


def voyage_embed(url):
    voyageai.Client(api_key="k", base_url=f"{url}/v1").embed(
        TEXTS, model="m", input_type="document", truncation=False, output_dimension=4
    )


def gemini_embed(url):
    client = genai.Client(api_key="k", http_options={"base_url": url})
    config = {"task_type": "RETRIEVAL_DOCUMENT", "output_dimensionality": 4}
    client.models.embed_content(model="m", contents=TEXTS, config=config)


def ollama_embed(url):
    ollama.Client(url).embed(model="m", input=TEXTS, truncate=False, dimensions=4)


def huggingface_embed(url):
    huggingface_hub.InferenceClient(
        f"{url}/hf-inference/models/m/pipeline/feature-extraction", token="k"
    ).feature_extraction(TEXTS, normalize=True, truncate=False)


def cohere_rerank(url):
    cohere.ClientV2(api_key="k", base_url=url).rerank(model="m", query=PROMPT, documents=TEXTS)


def voyage_rerank(url):
    voyageai.Client(api_key="k", base_url=f"{url}/v1").rerank(
        PROMPT, TEXTS, model="m", truncation=True
    )


def openai_chat(url):
    client = openai.OpenAI(api_key="k", base_url=f"{url}/v1", max_retries=0)
    client.chat.completions.create(
        model="m",
        messages=[{"role": "system", "content": SYSTEM}, {"role": "user", "content": PROMPT}],
        max_completion_tokens=50,
        temperature=0.5,
        response_format={
            "type": "json_schema",
            "json_schema": {"name": "answer", "schema": SCHEMA, "strict": True},
        },
    )


def mistral_chat(url):
    mistralai.client.Mistral(api_key="k", server_url=url).chat.complete(
        model="m",
        messages=[{"role": "system", "content": SYSTEM}, {"role": "user", "content": PROMPT}],
        max_tokens=50,
        temperature=0.5,
        response_format={
            "type": "json_schema",
            "json_schema": {"name": "answer", "schema_definition": SCHEMA, "strict": True},
        },
    )


def anthropic_chat(url):
    anthropic.Anthropic(api_key="k", base_url=url, max_retries=0).messages.create(
        model="m",
        system=SYSTEM,
        messages=[{"role": "user", "content": PROMPT}],
        max_tokens=50,
        output_config={"format": {"type": "json_schema", "schema": SCHEMA}},
    )


def gemini_chat(url):
    client = genai.Client(api_key="k", http_options={"base_url": url})
    client.models.generate_content(
        model="m",
        contents=[{"role": "user", "parts": [{"text": PROMPT}]}],
        config={
            "system_instruction": SYSTEM,
            "max_output_tokens": 50,
            "temperature": 0.5,
            "response_mime_type": "application/json",
            "response_json_schema": SCHEMA,
        },
    )


def cohere_chat(url):
    cohere.ClientV2(api_key="k", base_url=url).chat(
        model="m",
        messages=[{"role": "system", "content": SYSTEM}, {"role": "user", "content": PROMPT}],
        max_tokens=50,
        temperature=0.5,
        response_format={"type": "json_object", "json_schema": SCHEMA},
    )


def ollama_chat(url):
    ollama.Client(url).chat(
        model="m",
        messages=[{"role": "system", "content": SYSTEM}, {"role": "user", "content": PROMPT}],
        options={"num_predict": 50, "temperature": 0.5},
        format=SCHEMA,
    )


# What the packages make of the answers that the tests' server gives: the pieces of "Hello, you".

PIECES = ("Hello", ", ", "you")
MESSAGES = [{"role": "user", "content": PROMPT}]


def openai_stream(url):
    client = openai.OpenAI(api_key="k", base_url=url, max_retries=0)
    events = client.chat.completions.create(model="m", messages=MESSAGES, stream=True)
    return [event.choices[0].delta.content for event in events if event.choices]


def mistral_stream(url):
    client = mistralai.client.Mistral(api_key="k", server_url=url)
    events = client.chat.stream(model="m", messages=MESSAGES)
    return [event.data.choices[0].delta.content for event in events if event.data.choices]


def anthropic_stream(url):
    client = anthropic.Anthropic(api_key="k", base_url=url, max_retries=0)
    with client.messages.stream(model="m", messages=MESSAGES, max_tokens=5) as stream:
        return list(stream.text_stream)


def gemini_stream(url):
    client = genai.Client(api_key="k", http_options={"base_url": url})
    events = client.models.generate_content_stream(model="m", contents=PROMPT)
    return [event.text for event in events]


def cohere_stream(url):
    client = cohere.ClientV2(api_key="k", base_url=url)
    return [
        event.delta.message.content.text
        for event in client.chat_stream(model="m", messages=MESSAGES)
        if event.type == "content-delta"
    ]


def ollama_stream(url):
    events = ollama.Client(url).chat(model="m", messages=MESSAGES, stream=True)
    return [event.message.content for event in events]


def openai_vectors(url):
    client = openai.OpenAI(api_key="k", base_url=url, max_retries=0)
    return [row.embedding for row in client.embeddings.create(model="m", input=TEXTS).data][::-1]


def mistral_vectors(url):
    client = mistralai.client.Mistral(api_key="k", server_url=url)
    answer = client.embeddings.create(model="m", inputs=TEXTS, encoding_format="float")
    return [row.embedding for row in answer.data][::-1]


def cohere_vectors(url):
    answer = cohere.ClientV2(api_key="k", base_url=url).embed(
        model="m", texts=TEXTS, input_type="search_document", embedding_types=["float"]
    )
    return answer.embeddings.float_


def voyage_vectors(url):
    return voyageai.Client(api_key="k", base_url=url).embed(TEXTS, model="m").embeddings[::-1]


def gemini_vectors(url):
    client = genai.Client(api_key="k", http_options={"base_url": url})
    answer = client.models.embed_content(model="m", contents=TEXTS)
    return [row.values for row in answer.embeddings]


def ollama_vectors(url):
    return ollama.Client(url).embed(model="m", input=TEXTS).embeddings


def huggingface_vectors(url):
    return huggingface_hub.InferenceClient(url, token="k").feature_extraction(TEXTS)


def check(name, call):
    provider, what = name.rsplit("_", 1)
    server = Loopback(embed(provider) if what == "vectors" else chat(provider, *PIECES))
    found = call(server.url)
    server.close()
    if what == "vectors":
        np.testing.assert_allclose(found, [vector(text) for text in TEXTS], atol=1e-6)
    elif [piece for piece in found if piece] != list(PIECES):
        raise AssertionError((name, found))


def record(call):
    server = Loopback(lambda _: {})
    # What comes back is nonsense to the package: the request is what counts.
    with contextlib.suppress(Exception):
        call(server.url)
    server.close()
    request = server.requests[0]
    keys = [name for name, value in request.headers.items() if value in {"k", "Bearer k"}]
    return {"path": request.path, "key": keys, "body": request.body}


def named(*endings):
    return {name: value for name, value in sorted(globals().items()) if name.endswith(endings)}


if __name__ == "__main__":
    for name, call in named("_stream", "_vectors").items():
        check(name, call)
    calls = named("_embed", "_rerank", "_chat")
    golden = {
        "packages": {name: importlib.metadata.version(name) for name in PACKAGES},
        "requests": {name: record(call) for name, call in calls.items()},
    }
    GOLDEN.write_text(json.dumps(golden, indent=1) + "\n", encoding="utf-8")
