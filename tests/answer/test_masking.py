"""Personal data: what is found, and that none of it leaves the machine."""

import json
import re
import sys
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engram.answer import Masker, Passage, ask, mask_pii, stream
from engram.errors import InvalidInput, MissingExtra
from engram.llm import get_llm
from loopback import chat

# [[KIND:value]] is to be found; nothing else is.
FOUND = [
    "Contact [[EMAIL:ada@example.com]] today.",
    "Mail [[EMAIL:first.last+tag@sub.example.co.uk]], please.",
    "cc: [[EMAIL:o'neil@example.ie]]; [[EMAIL:x_y@z-1.org]]",
    "Schreib an [[EMAIL:müller@beispiel.de]].",
    "Call [[PHONE:+1 650-253-0000]].",
    "Call [[PHONE:(650) 253-0000]] now",
    "Tel. [[PHONE:+49 30 22732152]]",
    "fax [[PHONE:650.253.0000]]",
    "WhatsApp [[PHONE:+33 6 12 34 56 78]] merci",
    "Card [[CARD:4111 1111 1111 1111]] exp 12/27",
    "Paid with [[CARD:5500005555555559]].",
    "amex [[CARD:3782 822463 10005]]",
    "IBAN [[IBAN:DE89 3704 0044 0532 0130 00]] AND more",
    "IBAN: [[IBAN:GB29NWBK60161331926819]].",
    "Konto [[IBAN:FR14 2004 1010 0505 0001 3M02 606]]",
    "Server [[IP:192.168.1.17]] is down",
    "from [[IP:8.8.8.8]]:53",
    "IPv6 [[IP:2001:db8::8a2e:370:7334]] ok",
    "host [[IP:fe80::1]]: up",
    "SSN [[SSN:536-22-1234]]",
    "token [[KEY:sk-proj-abcdefghijklmnop1234]] and [[KEY:ghp_" + "a1B2" * 9 + "]]",
    "aws [[KEY:AKIAIOSFODNN7EXAMPLE]].",
    "[[EMAIL:a@b.io]] or [[PHONE:+1 212-736-5000]] from [[IP:10.0.0.1]].",
    "Order 4111 1111 1111 1112 was shipped.",
    "Version 1.2.3 of 2024-10-11.",
    "It cost 1,234,567.89 dollars in 2019.",
    "See section 3.4.5.6.7 for more.",
    "The time is 12:30:45 now.",
    "ISBN 978-3-16-148410-0 is a book.",
    "std::vector<int> a::b",
    "user at example dot com, @handle",
    "Invoice 2024-001-4567 of 12.03.2021",
    "In 1990 12 people met; 20000 came in 1991.",
    "pi is 3.14159265358979",
    "Case 000-12-3456 is invalid",
    "UUID 123e4567-e89b-12d3-a456-426614174000",
]
_MARKED = re.compile(r"\[\[(\w+):(.*?)\]\]")


@pytest.mark.parametrize("case", FOUND)
def test_what_is_personal_is_found_and_nothing_else(case):
    text = _MARKED.sub(r"\2", case)
    masked = mask_pii(text)
    counts = {}

    def placeholder(match):
        counts[match[1]] = counts.get(match[1], 0) + 1
        return f"<{match[1]}_{counts[match[1]]}>"

    assert masked.text == _MARKED.sub(placeholder, case)
    assert masked.restore() == text


def test_the_same_value_has_the_same_placeholder():
    masker = Masker(words=["Project Falcon"])
    assert masker.mask("a@b.io wrote to c@d.io") == "<EMAIL_1> wrote to <EMAIL_2>"
    assert masker.mask("project falcon: c@d.io") == "<WORD_1>: <EMAIL_2>"
    assert masker.counts == (("EMAIL", 2), ("WORD", 1))
    assert masker.restore("<EMAIL_2>, <EMAIL_9>") == "c@d.io, <EMAIL_9>"
    assert masker.fresh().mask("c@d.io") == "<EMAIL_1>"
    assert (
        Masker(words=["Al"]).mask("Al also met Alice. Al!") == "<WORD_1> also met Alice. <WORD_1>!"
    )


def test_numbers_of_a_country_are_found_where_it_is_named():
    text = "Ruf 030 22732152 an."
    assert mask_pii(text).text == text
    assert mask_pii(text, regions=["DE"]).text == "Ruf <PHONE_1> an."
    assert mask_pii("a@b.io, 10.0.0.1", kinds=["IP"]).text == "a@b.io, <IP_1>"


def test_names_are_found_by_a_model_for_them():
    def people(text):
        return [
            SimpleNamespace(start=m.start(), end=m.end(), label="Person")
            for m in re.finditer("Ada|Grace", text)
        ]

    masked = mask_pii("Ada met Grace at ada@example.com. Ada left.", entities=people)
    assert masked.text == "<PERSON_1> met <PERSON_2> at <EMAIL_1>. <PERSON_1> left."
    assert masked.restore("<PERSON_2>!") == "Grace!"


def test_the_entities_of_the_package_can_be_masked_by_label():
    from engram.enrich import default_enricher

    text = "On 3 May 2024 Mr. John Smith paid $500 to Acme Corp. in Paris."
    entities = default_enricher().entities
    found = {one.label for one in entities(text)}
    assert {"PERSON", "ORG"} < found
    masked = mask_pii(text, entities=entities, labels=["PERSON", "ORG"])
    assert "John Smith" not in masked.text
    assert "Acme" not in masked.text
    assert "3 May 2024" in masked.text
    assert "$500" in masked.text
    assert masked.restore() == text
    assert Masker(entities=entities, labels=["PERSON"]).fresh().mask(text).count("<PERSON_1>") == 1


PARTS = st.sampled_from(
    [
        "a@b.io",
        "+1 650-253-0000",
        "<EMAIL_1>",
        "<EMAIL_",
        "1>",
        "10.0.0.1",
        " ",
        "x",
        "<TEXT_1>",
        "\n",
    ]
)


@given(st.lists(PARTS, max_size=12).map("".join), st.lists(PARTS, max_size=12).map("".join))
def test_what_is_masked_is_restored_and_no_value_stays(first, second):
    masker = Masker()
    for text in (first, second):
        masked = masker.mask(text)
        assert masker.restore(masked) == text
        for placeholder, value in masker.values.items():
            if not placeholder.startswith("<TEXT"):
                assert value not in masked


@pytest.mark.parametrize(
    "call",
    [
        lambda: Masker(kinds=["NAME"]),
        lambda: Masker(regions=["Germany"]),
        lambda: Masker(regions="US"),
        lambda: mask_pii(7),
        lambda: mask_pii("abc", entities=lambda text: [{"start": 0, "end": 9, "label": "X"}]),
    ],
)
def test_wrong_choices_are_refused(call):
    with pytest.raises(InvalidInput):
        call()


def test_without_the_package_nothing_is_sent_half_masked(passages, monkeypatch):
    monkeypatch.setitem(sys.modules, "phonenumbers", None)
    with pytest.raises(MissingExtra, match="engram\\[pii\\]"):
        ask("Who?", passages, lambda prompt: "x", mask_pii=True)
    assert mask_pii("a@b.io", kinds=["EMAIL"]).text == "<EMAIL_1>"


SECRETS = ["ada@example.com", "+1 650-253-0000", "4111 1111 1111 1111", "10.1.2.3", "Falcon"]
PRIVATE = (
    "Ada's address is ada@example.com and her phone is +1 650-253-0000. "
    "She paid with 4111 1111 1111 1111 from 10.1.2.3 for Falcon."
)


def test_no_masked_value_reaches_a_model(serve, quick):
    server = serve(chat("openai", "Write to <EMA", "IL_1> or call ", "<PHONE_1", "> [1]."))
    passages = [Passage(PRIVATE, "p", "mail/ada@example.com/1.txt", "Ada 10.1.2.3")]
    question = "How do I reach ada@example.com about falcon at 10.1.2.3?"
    options = {"mask_pii": Masker(words=["falcon"]), "instructions": "Greet ada@example.com."}
    with get_llm("openai:m", base_url=server.url, **quick) as model:
        answer = ask(question, passages, model, **options)
        pieces = list(stream(question, passages, model, **options))
    for request in server.requests:
        sent = json.dumps(request.body, ensure_ascii=False)
        assert not [secret for secret in SECRETS if secret.casefold() in sent.casefold()]
        assert "<EMAIL_1>" in sent
    assert len(server.requests) == 2
    assert not [secret for secret in SECRETS if secret in answer.context]
    said = "Write to ada@example.com or call +1 650-253-0000 [1]."
    assert answer.text == "".join(pieces) == said
    assert answer.grounded
    assert answer.citations[0].text == PRIVATE
    assert dict(answer.masked) == {"CARD": 1, "EMAIL": 1, "IP": 1, "PHONE": 1, "WORD": 2}


def test_offline_answers_may_be_masked_in_their_context_only(passages):
    passages = [Passage(PRIVATE, "p")]
    answer = ask("What is Ada's address?", passages, mask_pii=True)
    assert "ada@example.com" in answer.text
    assert "ada@example.com" not in answer.context
