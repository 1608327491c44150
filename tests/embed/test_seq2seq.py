"""Models that write: the same text whatever the layout keeps, under every rule of their files."""

from itertools import pairwise, product

import numpy as np
import pytest
from onnx import TensorProto, helper

from engram.embed import Seq2Seq, get_embedder
from engram.errors import InvalidInput

START, END = 2, 3
WIDTH = 8
PASTS = [f"0.{side}.{part}" for side in ("decoder", "encoder") for part in ("key", "value")]
TEXTS = ["the cat runs", "", "a red house near the green garden", "far far far bird"]


def projection(count, seed):
    rng = np.random.default_rng(seed)
    return (rng.standard_normal((WIDTH, count)) / 2).astype(np.float32)


def cache(prefix):
    return [floats_of(f"{prefix}.{name}", "n", 1, f"t.{name}", WIDTH) for name in PASTS]


def floats_of(name, *shape):
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, list(shape))


class Layouts:
    """A decoder whose logits are (what it wrote + what it read) times a matrix.

    What it keeps of itself are the vectors of its tokens; of the other text the masked states.
    """

    def __init__(self, tiny, seed):
        self.tiny = tiny
        self.table = tiny.table(WIDTH)
        self.out = projection(len(tiny.vocabulary), seed)
        node = helper.make_node
        ints = np.array([1], dtype=np.int64), np.array([2], dtype=np.int64)
        self.constants = [
            tiny.constant("table", self.table),
            tiny.constant("out", self.out),
            tiny.constant("one", ints[0]),
            tiny.constant("two", ints[1]),
            tiny.constant("axis", np.array(2, dtype=np.int64)),
        ]
        self.own = [
            node("Gather", ["table", "input_ids"], ["rows"]),
            node("Unsqueeze", ["rows", "one"], ["fresh"]),
        ]
        self.other = [
            node("Cast", ["encoder_attention_mask"], ["mask"], to=TensorProto.FLOAT),
            node("Unsqueeze", ["mask", "two"], ["mask3"]),
            node("Mul", ["encoder_hidden_states", "mask3"], ["known"]),
            node("Unsqueeze", ["known", "one"], ["read"]),
        ]
        self.end = [
            node("CumSum", ["wrote", "axis"], ["sums"]),
            node("ReduceSum", ["heard", "two"], ["total"], keepdims=1),
            node("Add", ["sums", "total"], ["both"]),
            node("Squeeze", ["both", "one"], ["flat"]),
            node("MatMul", ["flat", "out"], ["logits"]),
        ]
        self.states = [
            *tiny.integers("encoder_attention_mask", "input_ids")[:1],
            helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["n", "written"]),
            floats_of("encoder_hidden_states", "n", "tokens", WIDTH),
        ]

    def same(self, source, *targets):
        return [helper.make_node("Identity", [source], [target]) for target in targets]

    def joined(self):
        return helper.make_node(
            "Concat", ["past_key_values.0.decoder.key", "fresh"], ["wrote"], axis=2
        )

    def kept(self, own, other):
        names = [f"present.{name}" for name in PASTS]
        return self.same(own, *names[:2]) + (self.same(other, *names[2:]) if other else [])

    def logits(self):
        return floats_of("logits", "n", "shown", len(self.tiny.vocabulary))

    def save(self, path, nodes, inputs, outputs):
        self.tiny.save(path, nodes, inputs, outputs, self.constants)

    def plain(self, folder):
        nodes = [*self.own, *self.other, *self.same("fresh", "wrote"), *self.same("read", "heard")]
        self.save(folder / "decoder_model.onnx", nodes + self.end, self.states, [self.logits()])

    def two(self, folder):
        nodes = [*self.own, *self.other, *self.same("fresh", "wrote"), *self.same("read", "heard")]
        nodes += self.end + self.kept("fresh", "read")
        outputs = [self.logits(), *cache("present")]
        self.save(folder / "onnx" / "decoder_model.onnx", nodes, self.states, outputs)
        nodes = [*self.own, self.joined()]
        nodes += self.same("past_key_values.0.encoder.value", "heard")
        nodes += self.end + self.kept("wrote", None)
        outputs = [self.logits(), *cache("present")[:2]]
        inputs = [self.states[1], *cache("past_key_values")]
        self.save(folder / "onnx" / "decoder_with_past_model.onnx", nodes, inputs, outputs)

    def merged(self, folder):
        zero = helper.make_tensor("z", TensorProto.FLOAT, [0, 1, 1, WIDTH], [])
        then = helper.make_graph(
            [
                helper.make_node("Identity", ["past_key_values.0.encoder.value"], ["a1"]),
                helper.make_node("Constant", [], ["a2"], value=zero),
            ],
            "cached",
            [],
            [floats_of("a1", None, None, None, None), floats_of("a2", None, None, None, None)],
        )
        other = helper.make_graph(
            [
                helper.make_node("Identity", ["read"], ["b1"]),
                helper.make_node("Identity", ["read"], ["b2"]),
            ],
            "fresh",
            [],
            [floats_of("b1", None, None, None, None), floats_of("b2", None, None, None, None)],
        )
        choose = helper.make_node(
            "If", ["use_cache_branch"], ["heard", "keep"], then_branch=then, else_branch=other
        )
        nodes = [*self.own, *self.other, self.joined(), choose, *self.end]
        nodes += self.kept("wrote", "keep")
        switch = helper.make_tensor_value_info("use_cache_branch", TensorProto.BOOL, [1])
        inputs = [*self.states, switch, *cache("past_key_values")]
        outputs = [self.logits(), *cache("present")]
        self.save(folder / "decoder_model_merged.onnx", nodes, inputs, outputs)


@pytest.fixture
def writer(tiny, tmp_path):
    """Make a folder of a model that writes."""

    def make(layout="plain", name=None, seed=5, config=None, **rules):
        folder = tmp_path / (name or layout)
        tiny.write_tokenizer(folder)
        nodes, constants = tiny.mixing(WIDTH)
        outputs = [tiny.floats("last_hidden_state", "batch", "tokens", WIDTH)]
        inputs = tiny.integers("input_ids", "attention_mask")
        place = folder / ("onnx/" if layout == "two" else "") / "encoder_model.onnx"
        tiny.save(place, nodes, inputs, outputs, constants)
        getattr(Layouts(tiny, seed), layout)(folder)
        facts = {"is_encoder_decoder": True, "architectures": ["BartForConditionalGeneration"]}
        facts |= {"decoder_start_token_id": START, "eos_token_id": END}
        tiny.write_json(folder / "config.json", facts | (config or {}))
        if rules or config is None:
            tiny.write_json(folder / "generation_config.json", {"max_length": 9} | rules)
        return folder

    return make


def scores(tiny, text, written, seed=5):
    """What the tiny decoder says, computed apart from it."""
    read = tiny.hidden_of(tiny.ids_of(text, 16), WIDTH).sum(axis=0)
    return (tiny.table(WIDTH)[written].sum(axis=0) + read) @ projection(len(tiny.vocabulary), seed)


def shares(logits):
    return logits - np.log(np.exp(logits - logits.max()).sum()) - logits.max()


@pytest.mark.parametrize("layout", ["plain", "two", "merged"])
def test_logits_and_greedy_text_are_what_the_numbers_say(writer, tiny, layout):
    model = Seq2Seq(writer(layout))
    assert model.cached == (layout != "plain")
    for text in TEXTS:
        written = [START]
        while len(written) < 9 and (len(written) == 1 or written[-1] != END):
            expected = scores(tiny, text, written)
            assert np.abs(model.logits(text, written) - expected).max() < 1e-4
            written.append(int(expected.argmax()))
        assert model.generate(text) == written


@pytest.mark.parametrize("layout", ["two", "merged"])
@pytest.mark.parametrize("beams", [1, 2, 4])
def test_what_is_kept_changes_nothing(writer, layout, beams):
    rules = {"no_repeat_ngram_size": 2, "min_length": 4}
    plain, kept = Seq2Seq(writer(**rules)), Seq2Seq(writer(layout, **rules))
    for text in TEXTS:
        assert kept.generate(text, beams=beams) == plain.generate(text, beams=beams)


@pytest.mark.parametrize("penalty", [0.0, 1.0, 2.0])
def test_wide_beams_find_the_best_of_all_texts(writer, tiny, penalty):
    model = Seq2Seq(writer(max_length=4, length_penalty=penalty, early_stopping="never"))
    count = len(tiny.vocabulary)
    for text in TEXTS:
        step = {(): shares(scores(tiny, text, [START]))}
        step |= {(a,): shares(scores(tiny, text, [START, a])) for a in range(count)}
        pairs = {
            (a, b): shares(scores(tiny, text, [START, a, b]))
            for a, b in product(range(count), repeat=2)
        }
        step |= pairs
        every = [()] + [(a,) for a in range(count)] + list(pairs)
        whole = {
            (*one, last): sum(step[one[:n]][one[n]] for n in range(len(one))) + step[one][last]
            for one in every
            if END not in one
            for last in ([END] if len(one) < 2 else range(count))
        }
        best = max(whole, key=lambda one: whole[one] / len(one) ** penalty)
        assert model.generate(text, beams=count * count) == [START, *best]


def test_rules_hold(writer, tiny):
    text = TEXTS[0]
    free = Seq2Seq(writer(name="free")).generate(text, 8)
    assert len(set(pairwise(free))) < len(free) - 1  # it repeats itself
    apart = Seq2Seq(writer(name="apart", no_repeat_ngram_size=2)).generate(text, 8)
    assert len(set(pairwise(apart))) == len(apart) - 1
    forced = Seq2Seq(writer(name="forced", forced_bos_token_id=9, forced_eos_token_id=END))
    assert (forced.generate(text)[1], forced.generate(text)[-1]) == (9, END)
    likely = int(scores(tiny, text, [START]).argmax())
    for rule in ({"bad_words_ids": [[likely]]}, {"suppress_tokens": [likely]}):
        assert likely not in Seq2Seq(writer(name=next(iter(rule)), **rule)).generate(text)
    rare = Seq2Seq(writer(name="rare", repetition_penalty=50.0)).generate(text, 8)
    assert len(set(rare)) > len(set(free))


def test_lengths_hold(writer):
    model = Seq2Seq(writer(min_length=3, forced_eos_token_id=END))
    for text in TEXTS:
        for beams in (1, 3):
            for most in (1, 2, 5):
                assert len(model.generate(text, most, beams=beams)) <= most + 1
            long = model.generate(text, 12, 10, beams=beams)
            assert 11 <= len(long) <= 13
            assert END not in long[:10]
    for most, least in ((0, None), (3, 4), (True, None), (5, -1), (None, 40)):
        with pytest.raises(InvalidInput) as found:
            model.summarize("a cat", most, least)
        assert found.value.code == "input.invalid"
    with pytest.raises(InvalidInput, match="beams is 0"):
        model.generate("a cat", beams=0)


def test_rules_of_older_folders_and_of_the_task(writer):
    task = {"summarization": {"max_length": 5, "prefix": "a red "}}
    folder = writer(config={"num_beams": 2, "task_specific_params": task}, name="old")
    model = Seq2Seq(folder)
    assert "max_tokens=4, beams=2" in repr(model)
    assert model.count_tokens("cat") == 5
    plain = Seq2Seq(writer(name="new", max_length=5, num_beams=2))
    assert model.generate("cat") == plain.generate("a red cat")


def test_positions_bound_the_length(writer):
    model = Seq2Seq(writer(config={"max_position_embeddings": 12}, max_length=9))
    assert len(model.generate("a cat", 11)) <= 12
    with pytest.raises(InvalidInput, match="has 12 places"):
        model.generate("a cat", 12)


def test_rules_that_are_not_followed_are_refused(writer, tiny):
    for name, value in (("num_beam_groups", 2), ("encoder_no_repeat_ngram_size", 3)):
        with pytest.raises(InvalidInput, match=f"asks for {name}") as found:
            Seq2Seq(writer(name=name, **{name: value}))
        assert found.value.code == "model.invalid"
    with pytest.raises(InvalidInput, match="several tokens"):
        Seq2Seq(writer(name="bad", bad_words_ids=[[4, 5]]))
    folder = writer(name="ends")
    tiny.write_json(folder / "config.json", {"decoder_start_token_id": START})
    with pytest.raises(InvalidInput, match="begins and ends"):
        Seq2Seq(folder)
    folder = writer(name="half")
    (folder / "decoder_model.onnx").unlink()
    with pytest.raises(InvalidInput, match=r"has no decoder_model\.onnx"):
        Seq2Seq(folder)


def test_summaries_are_texts(writer, tiny):
    model = Seq2Seq(writer(), name="mine", threads=1)
    seen = []
    written = model.summarize_batch(TEXTS, progress=seen.append)
    assert seen == [1, 2, 3, 4]
    assert any(written)
    for text, summary in zip(TEXTS, written, strict=True):
        words = [tiny.vocabulary[one] for one in model.generate(text) if one > 6]
        assert summary == " ".join(words)
        assert summary == model.summarize(text)
    assert model.count_tokens("a cat " * 40) == 82
    assert model.encode("a cat " * 40).shape == (16, WIDTH)
    assert repr(model) == (
        "Seq2Seq(model='mine', device='cpu', threads=1, max_length=16, max_tokens=8, beams=1, "
        "cached=False)"
    )


def test_the_registry_says_what_runs_it(writer):
    with pytest.raises(InvalidInput, match="writes texts") as found:
        get_embedder(writer())
    assert found.value.hint == "engram.embed.Seq2Seq"
