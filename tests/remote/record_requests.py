"""Write `requests.json`: what the providers' own packages send for the calls that engram makes.

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
import ollama
import openai
import voyageai
from google import genai

from loopback import Loopback

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


def record(call):
    server = Loopback(lambda _: {})
    # What comes back is nonsense to the package: the request is what counts.
    with contextlib.suppress(Exception):
        call(server.url)
    server.close()
    request = server.requests[0]
    keys = [name for name, value in request.headers.items() if value in {"k", "Bearer k"}]
    return {"path": request.path, "key": keys, "body": request.body}


if __name__ == "__main__":
    calls = {
        name: value
        for name, value in globals().items()
        if name.endswith(("_embed", "_rerank", "_chat"))
    }
    golden = {
        "packages": {name: importlib.metadata.version(name) for name in PACKAGES},
        "requests": {name: record(call) for name, call in sorted(calls.items())},
    }
    GOLDEN.write_text(json.dumps(golden, indent=1) + "\n", encoding="utf-8")
