"""A tiny tagger of true format: words to labels."""

import json

import pytest

LABELS = ["O", "B-PER", "I-PER", "B-LOC", "B-CARDINAL", "B-WHATEVER"]
WORDS = {"zorblax": 1, "the": 0, "great": 2, "met": 0, "paris": 3, "elsewhere": 3, "seven": 4,
    "blorp": 5}  # fmt: skip


@pytest.fixture
def tagger(tmp_path):
    """The folder of a model that knows eight words."""
    onnx = pytest.importorskip("onnx")
    np = pytest.importorskip("numpy")
    tokenizers = pytest.importorskip("tokenizers")
    pytest.importorskip("onnxruntime")
    folder = tmp_path / "tiny-ner"
    folder.mkdir()
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *WORDS]
    tokenizer = tokenizers.Tokenizer(
        tokenizers.models.WordLevel(
            {word: number for number, word in enumerate(vocabulary)}, unk_token="[UNK]"
        )
    )
    tokenizer.add_special_tokens(vocabulary[:4])
    tokenizer.normalizer = tokenizers.normalizers.Lowercase()
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    tokenizer.post_processor = tokenizers.processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    config = {
        "architectures": ["BertForTokenClassification"],
        "max_position_embeddings": 64,
        "id2label": {str(number): label for number, label in enumerate(LABELS)},
    }
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    (folder / "tokenizer_config.json").write_text('{"model_max_length": 32}', encoding="utf-8")
    table = np.zeros((len(vocabulary), len(LABELS)), dtype=np.float32)
    for number, word in enumerate(vocabulary):
        table[number, WORDS.get(word, 0)] = 5
    kinds, make = onnx.TensorProto, onnx.helper
    graph = make.make_graph(
        [make.make_node("Gather", ["table", "input_ids"], ["logits"])],
        "tagger",
        [make.make_tensor_value_info("input_ids", kinds.INT64, ["batch", "tokens"])],
        [make.make_tensor_value_info("logits", kinds.FLOAT, ["batch", "tokens", len(LABELS)])],
        [onnx.numpy_helper.from_array(table, "table")],
    )
    model = make.make_model(graph, opset_imports=[make.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, folder / "model.onnx")
    return folder
