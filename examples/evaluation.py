"""Measure a small help desk: which search is best, are its answers true, did a change hurt?

    python examples/evaluation.py

Offline; needs `engram[evaluate]`. Texts, judgments and baseline are in one file, in a folder that
is removed at the end.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import engram
from engram.evaluate import (
    AnswerCorrectness,
    AnswerFaithfulness,
    ContextPrecision,
    ContextRecall,
    ContextRelevance,
    EvaluationInput,
    Evaluator,
    QuerySet,
    RetrievalReport,
    check_regression,
    compare,
    evaluate_retrieval,
)

ARTICLES = {
    "descale": "Descale the boiler every two months with citric acid and rinse it twice.",
    "no-heat": "If the water stays cold, check the fuse, then the heating element.",
    "grind": "Espresso wants a fine grind; for a French press the beans should be coarse.",
    "bitter": "A bitter cup was extracted for too long: grind coarser or stop earlier.",
    "sour": "A sour taste means too little extraction: grind finer or use hotter water.",
    "milk": "Froth milk at 60 degrees; beyond 70 it tastes burnt.",
    "leak": "Water under the machine comes from a worn gasket. Replace the seal ring.",
    "warranty": "The guarantee covers two years of parts and labour, not limescale.",
    "refund": "Send it back within 30 days in its box and you get your money back.",
    "filter": "Change the water filter after 50 litres or when the lamp turns orange.",
    "noise": "A loud rattle is air in the pump: run water without coffee for a minute.",
    "clean": "Wash the drip tray and the brew group by hand; neither is dishwasher safe.",
    "error-e4": "Code E4: the bean hopper is open. Close the lid until it clicks.",
    "error-e7": "Code E7: the brew group is missing or not locked.",
    "decaf": "Decaffeinated beans are roasted the same; use a slightly finer setting.",
    "store": "Keep beans airtight, dark and cool, never in the refrigerator.",
}
QUESTIONS = {
    "q01": ("how do I remove limescale?", {"descale": 2}),
    "q02": ("my coffee tastes bitter", {"bitter": 2, "sour": 0}),
    "q03": ("the drink is too acidic", {"sour": 2}),
    "q04": ("puddle below the appliance", {"leak": 2}),
    "q05": ("E4", {"error-e4": 2}),
    "q06": ("what does code E7 mean?", {"error-e7": 2}),
    "q07": ("can I return it and be paid back?", {"refund": 2, "warranty": 1}),
    "q08": ("is a broken pump covered by the guarantee?", {"warranty": 2}),
    "q09": ("how fine for espresso?", {"grind": 2, "sour": 1}),
    "q10": ("where should I keep my beans?", {"store": 2}),
    "q11": ("the machine makes a strange sound", {"noise": 2}),
    "q12": ("temperature of foamed milk", {"milk": 2}),
    "q13": ("no hot water", {"no-heat": 2}),
    "q14": ("may the tray go into the dishwasher?", {"clean": 2}),
    "q15": ("orange lamp", {"filter": 2}),
    "q16": ("coffee without caffeine", {"decaf": 2}),
}


def compare_searches(desk: engram.Collection, asked: QuerySet) -> RetrievalReport:
    """Measure three ways to search, and whether they differ by more than chance."""
    reports = {
        mode: evaluate_retrieval(desk, asked, k=5, mode=mode, name=mode)
        for mode in ("lexical", "semantic", "hybrid")
    }
    for mode, report in reports.items():
        print(f"{mode:>9}: " + ", ".join(f"{n} {one}" for n, one in report.summary().items()))
    print("\nWords alone against both:")
    print(compare(reports["lexical"], reports["hybrid"], metrics=["nDCG@5", "recall@5"]))
    return reports["hybrid"]


def plant_a_regression(db: engram.Database, desk: engram.Collection, asked: QuerySet) -> None:
    """Delete an article by mistake; the saved baseline notices."""
    desk.delete("leak")
    baseline = RetrievalReport.load(db, asked.name, "release")
    after = evaluate_retrieval(desk, asked, k=5, name="after")
    check = check_regression(baseline, after, "nDCG@5", tolerance=0.01)
    print(f"\n{check}")
    assert not check
    assert after.absent == ("leak",)


def judge_answers(desk: engram.Collection) -> None:
    """Judge two answers by words and vectors, then by a model, which may talk nonsense."""
    milk, sour = "How hot should milk be?", "Why is my coffee sour?"
    inputs = [
        EvaluationInput(
            milk,
            contexts=desk.query(milk, k=2),
            answer="Froth milk at 60 degrees.",
            ground_truth="Milk is frothed at 60 degrees.",
        ),
        EvaluationInput(
            sour,
            contexts=desk.query(sour, k=2),
            answer="The moon landing was in 1969.",
            ground_truth="It was extracted too little: grind finer.",
        ),
    ]
    evaluator = Evaluator([ContextRelevance(), ContextPrecision(), ContextRecall()])
    evaluator.add_metric(AnswerFaithfulness()).add_metric(AnswerCorrectness("default"))
    print("\n" + evaluator.evaluate_batch(inputs).to_markdown())

    def model(prompt: str) -> str:  # in your program: an engram.llm.LLM
        if "moon" in prompt:
            return "I would say mostly fine!"
        return json.dumps({"statements": [{"statement": "milk at 60 degrees", "supported": True}]})

    judged = Evaluator([AnswerFaithfulness(model)]).evaluate_batch(inputs)
    print(judged.summary()["answer_faithfulness"], "by the model")
    for number, metric, error in judged.errors:
        print(f"input {number}, {metric}: {error}")


def main() -> None:
    """Fill a file, measure it, break it, notice."""
    with (
        tempfile.TemporaryDirectory() as folder,
        engram.open(Path(folder) / "desk.engram") as db,
    ):
        desk = db.collection("desk")
        desk.put_many({"id": name, "text": text} for name, text in ARTICLES.items())
        asked = QuerySet(
            "questions",
            {name: text for name, (text, _) in QUESTIONS.items()},
            {name: grades for name, (_, grades) in QUESTIONS.items()},
        )
        asked.save(db)
        report = compare_searches(desk, asked)
        evaluate_retrieval(desk, asked, k=5, name="release").save(db)
        worst = min(report.per_query, key=lambda query: report.per_query[query]["nDCG@5"])
        print(f"\nThe hardest question: {asked.queries[worst]!r}")
        judge_answers(desk)
        plant_a_regression(db, desk, asked)


if __name__ == "__main__":
    main()
