"""Long conversations made up for measuring `recall`, in LoCoMo's file form.

Owns: `conversations`. Four people talk in pairs, over many sessions. What a question asks for stands
in the turn that names its subject ("direct"), or in an answer behind it that names nothing
("neighbour"); other people have the same sort of thing ("speaker" matters), and small talk lies
between. Deterministic for a seed. Limits: sentences are templates, which no person wrote: figures
on them say how methods differ where evidence lies in neighbours and with speakers, and no more.

    python benches/dialogues.py OUT.json --samples 4 --seed 7
"""

from __future__ import annotations

import argparse
import json
import random
from pathlib import Path

PEOPLE = ["Maria", "Tom", "Priya", "Kenji", "Ana", "Liam", "Zoe", "Omar", "Ingrid", "Mateo"]
OTHERS = ["Ruth", "Carl", "Nadia", "Felix", "Greta", "Hugo", "Leila", "Sven", "Paula", "Igor"]
SURNAMES = ["Weber", "Okafor", "Lindholm", "Moreau", "Tanaka", "Novak", "Brandt", "Silva"]

KINDS = {
    "purchase": {
        "subject": ["kayak", "standing desk", "espresso machine", "telescope", "sewing machine",
            "tent", "record player", "cargo bike", "rowing machine", "food processor"],
        "answer": ["three hundred and twenty", "ninety-five", "a bit over four hundred",
            "one hundred and fifty", "seven hundred", "two hundred and ten", "sixty"],
        "open": ["Guess what, I finally got the {subject} I kept talking about.",
            "So I gave in and bought a {subject} on Saturday.",
            "The {subject} arrived today, I'm so happy with it."],
        "ask": ["Nice! Was it expensive?", "Ooh. What did they want for it?", "How much was that?"],
        "tell": ["Not too bad, they asked for {answer} in the end.", "Paid {answer}, cash.",
            "They let me have it for {answer}."],
        "question": ["How much did {who} pay for the {subject}?", "What did {who}'s {subject} cost?"],
    },
    "trip": {
        "subject": ["Lisbon", "the Dolomites", "Iceland", "Marrakesh", "the Baltic coast", "Kyoto",
            "Corsica", "Vancouver", "Edinburgh", "the Azores"],
        "answer": ["rain every single day", "so hot that we stayed inside until evening",
            "fog in the mornings and sun later on", "a storm on the second night",
            "mild and dry, perfect for walking", "snow, would you believe it"],
        "open": ["We just came back from {subject}, a whole week away.",
            "I spent the holidays in {subject} with the family.",
            "Still unpacking, we got home from {subject} last night."],
        "ask": ["Lucky you! And the weather?", "Was it warm at least?", "Did you have sunshine?"],
        "tell": ["Honestly, {answer}.", "Well, {answer}, but we didn't mind.", "Hm, {answer}."],
        "question": ["What was the weather like when {who} went to {subject}?",
            "Which weather did {who} have in {subject}?"],
    },
    "pet": {
        "subject": ["greyhound", "tortoise", "kitten", "parrot", "rabbit", "beagle", "hamster"],
        "answer": ["Biscuit", "Captain", "Mochi", "Pepper", "Waffles", "Juno", "Ziggy", "Olive"],
        "open": ["We adopted a {subject} from the shelter!",
            "There's a new member of the household: a {subject}.",
            "The kids won, we have a {subject} now."],
        "ask": ["Aww! What did you call the little one?", "And does it have a name yet?",
            "So sweet. What's it called?"],
        "tell": ["{answer}, that was the youngest's idea.", "We settled on {answer}.",
            "It listens to {answer}, sometimes."],
        "question": ["What is the name of {who}'s {subject}?", "How is {who}'s {subject} called?"],
    },
    "job": {
        "subject": ["the hospital", "the tram company", "the film museum", "a solar start-up",
            "the city archive", "the brewery", "the aquarium", "the ferry line"],
        "answer": ["by the end of May", "within ten days", "not before the summer break",
            "the first week of October", "any day now", "after the board meets in March"],
        "open": ["I applied for a position at {subject}.", "I had my interview at {subject} today.",
            "So, I handed in my papers for the opening at {subject}."],
        "ask": ["Fingers crossed! When will you hear back?", "Great! And when do they decide?",
            "Exciting. How long do they take?"],
        "tell": ["They told me {answer}.", "{answer}, if I understood them right.",
            "Probably {answer}, so I try not to think about it."],
        "question": ["When does {who} expect an answer from {subject}?",
            "When will {who} hear from {subject}?"],
    },
    "class": {
        "subject": ["pottery", "salsa", "woodworking", "Italian", "life drawing", "bookbinding",
            "choir", "fencing", "glass blowing"],
        "answer": [f"{name} {surname}" for name, surname in zip(OTHERS, SURNAMES)],
        "open": ["I signed up for a {subject} class at the community centre.",
            "My {subject} course started on Tuesday.", "First evening of {subject} done!"],
        "ask": ["Cool, who runs it?", "Nice. Is the teacher any good?", "Who is in charge there?"],
        "tell": ["{answer}, you would like the humour.", "It's led by {answer}.",
            "{answer}, very patient with beginners."],
        "question": ["Who teaches {who}'s {subject} class?", "Who is {who}'s {subject} teacher?"],
    },
    "health": {
        "subject": ["knee", "shoulder", "back", "ankle", "wrist", "elbow"],
        "answer": ["six weeks", "ten days", "a month", "until the swelling is gone",
            "at least three weeks", "two weeks"],
        "open": ["My {subject} has been hurting since the match.",
            "I did something to my {subject} when I carried the boxes.",
            "Ouch, the {subject} again. It clicked on the stairs."],
        "ask": ["Did you have someone look at it?", "What does the doctor say?",
            "Oh no. And now?"],
        "tell": ["I have to take it easy for {answer}.", "Rest, {answer}, no arguing.",
            "No sports for {answer}, that's the verdict."],
        "question": ["How long does {who} have to rest because of the {subject}?",
            "For how long was {who} told to spare the {subject}?"],
    },
    "book": {
        "subject": ["the novel about the lighthouse", "that biography of the chess player",
            "the thriller from the airport", "the essays on silence", "the history of salt",
            "the graphic novel with the foxes"],
        "answer": ["brilliant until the last chapter", "far too long", "the best thing in years",
            "funny in a sad way", "a bit dry", "so gripping that I missed my stop"],
        "open": ["I'm halfway through {subject}.", "Finished {subject} on the train today.",
            "My sister lent me {subject}."],
        "ask": ["Any good?", "And, would you recommend it?", "Worth it?"],
        "tell": ["I'd say {answer}.", "Hm, {answer}.", "For me it was {answer}."],
        "question": ["What did {who} think of {subject}?", "How did {who} like {subject}?"],
    },
    "cooking": {
        "subject": ["a lemon meringue pie", "ramen from scratch", "sourdough", "a lentil moussaka",
            "tamales", "a beetroot risotto", "profiteroles"],
        "answer": ["burnt at the edges", "everyone asked for seconds", "way too salty",
            "it collapsed when I took it out", "surprisingly edible",
            "even grandmother praised it"],
        "open": ["Tried making {subject} on Sunday.", "I spent all afternoon on {subject}.",
            "We had guests and I dared to serve {subject}."],
        "ask": ["Did it work out?", "And?", "How did that go?"],
        "tell": ["{answer}!", "Let's say: {answer}.", "Well, {answer}."],
        "question": ["How did {who}'s attempt at {subject} turn out?",
            "What became of {subject} that {who} made?"],
    },
    "car": {
        "subject": ["van", "old Volvo", "scooter", "camper", "hatchback", "pickup"],
        "answer": ["the alternator", "a cracked hose", "the clutch", "one of the fuses",
            "the water pump", "a loose belt"],
        "open": ["The {subject} broke down on the motorway.", "My {subject} wouldn't start today.",
            "I had to have the {subject} towed."],
        "ask": ["Oh no! What was wrong?", "Again? What is it this time?", "Did they find out why?"],
        "tell": ["It was {answer}, of all things.", "Turned out to be {answer}.",
            "{answer}, the man said, and laughed."],
        "question": ["Which part of {who}'s {subject} failed?",
            "What was the matter with {who}'s {subject}?"],
    },
    "concert": {
        "subject": ["the cello quartet", "that punk band from Leeds", "the gospel choir",
            "the jazz trio", "the opera about the miners", "the string orchestra"],
        "answer": ["in the very last row", "right behind a pillar", "on the balcony, to the left",
            "on the floor in front of the stage", "next to the bar", "in a box, like royalty"],
        "open": ["We went to hear {subject} on Friday.", "{subject} was in town, so of course I went.",
            "I had tickets for {subject}, a birthday present."],
        "ask": ["Where did you sit?", "Good seats?", "Could you see anything?"],
        "tell": ["We were {answer}.", "Ha, {answer}.", "Sadly {answer}."],
        "question": ["Where did {who} sit at the concert of {subject}?",
            "Which seats did {who} have for {subject}?"],
    },
}  # fmt: skip

SMALL_TALK = [
    ("How was your day?", "Long, but fine. Yours?", "Same here, lots of meetings."),
    ("Did you see the news?", "I try not to, these days.", "Probably wise."),
    ("I'm so tired, I barely slept.", "Too much coffee?", "More like too many thoughts."),
    ("What are you doing at the weekend?", "No plans yet, maybe the market.", "Sounds relaxing."),
    ("It's getting dark so early now.", "I know, I miss the long evenings.", "Soap and candles!"),
    ("Have you talked to your brother lately?", "Last week, he's well.", "Say hello from me."),
    ("My neighbour is drilling again.", "Oh dear, at this hour?", "Every single night."),
    ("I need a holiday.", "Don't we all.", "One day we'll go together."),
    ("How much longer does the meeting go on?", "Nobody knows.", "Typical."),
    ("What's the name of that song again?", "No idea, hum it once more.", "Never mind."),
    ("Are you still at the office?", "Just leaving, the bus is late.", "Get home safely."),
    ("I love this season.", "The colours are great.", "And the smell of rain."),
    ("Who was on the phone?", "Just a wrong number.", "They call me too."),
    ("Do you know a good dentist?", "I'll send you the number.", "You're a star."),
    ("When do we meet tomorrow?", "Whenever suits you.", "Then late, please."),
    ("I couldn't find a seat on the train.", "Standing all the way?", "All the way."),
    ("My phone battery died again.", "You should get a new one.", "I know, I know."),
    ("Thanks for listening yesterday.", "Any time, you know that.", "I do."),
]
NAMING = ["{subject}, really?", "Wait, {subject}?", "So, {subject}."]
LISTS = {
    "purchase": "What has {who} bought?",
    "trip": "Where has {who} been on holiday?",
    "pet": "Which animals does {who} have at home?",
    "job": "Where did {who} apply for a job?",
    "class": "Which courses does {who} attend?",
    "health": "What hurts {who}?",
    "book": "What has {who} been reading?",
    "cooking": "What has {who} cooked or baked?",
    "car": "Which vehicles of {who} broke down?",
    "concert": "Which concerts did {who} go to?",
}
ASIDES = [
    "I was thinking of {subject} too, but not this year.",
    "Funny, my cousin told me about {subject} the other day.",
    "{subject}, that takes me back.",
]


def conversation(chance: random.Random, number: int, sessions: int) -> dict:
    """Make one long conversation with its questions."""
    people = chance.sample(PEOPLE, 4)
    deck = [(kind, who) for kind in KINDS for who in people for _ in range(3)]
    lists: dict[tuple[str, str], list[str]] = {}
    chance.shuffle(deck)
    used: dict[tuple[str, str], set[str]] = {}
    talk: dict = {"speaker_a": people[0], "speaker_b": people[1]}
    questions = []
    share = -(-len(deck) // sessions)
    for session in range(1, sessions + 1):
        turns: list[dict] = []
        talk[f"session_{session}_date_time"] = f"{1 + session % 11}:15 pm on {1 + session % 28} May, 2023"

        def say(who: str, text: str) -> str:
            dia = f"D{session}:{len(turns) + 1}"  # noqa: B023 - called within the loop
            turns.append({"speaker": who, "dia_id": dia, "text": text[:1].upper() + text[1:]})  # noqa: B023
            return dia

        for kind, who in deck[(session - 1) * share : session * share]:
            other = chance.choice([one for one in people if one != who])
            for line, text in enumerate(chance.choice(SMALL_TALK)):
                say((who, other)[line % 2], text)
            forms = KINDS[kind]
            taken = used.setdefault((kind, who), set())
            subject = chance.choice([one for one in forms["subject"] if one not in taken])
            taken.add(subject)
            answer = chance.choice(forms["answer"])
            first = say(who, chance.choice(forms["open"]).format(subject=subject))
            if chance.random() < 0.3:
                say(other, chance.choice(ASIDES).format(subject=subject))
            asks = chance.choice(forms["ask"])
            if chance.random() < 0.5:
                asks = chance.choice(NAMING).format(subject=subject) + " " + asks
            say(other, asks)
            told = say(who, chance.choice(forms["tell"]).format(answer=answer))
            asked = chance.choice(forms["question"]).format(who=who, subject=subject)
            questions.append({"question": asked, "answer": answer, "evidence": [told], "category": 1})
            lists.setdefault((kind, who), []).append(first)
            direct = f"What did {who} say first about {subject}?"
            questions.append({"question": direct, "answer": subject, "evidence": [first], "category": 4})
        talk[f"session_{session}"] = turns
    for (kind, who), evidence in lists.items():
        asked = LISTS[kind].format(who=who)
        questions.append({"question": asked, "answer": "", "evidence": evidence, "category": 2})
    return {"sample_id": f"made-{number}", "conversation": talk, "qa": questions}


def conversations(samples: int = 4, seed: int = 7, sessions: int = 24) -> list[dict]:
    """Make conversations in LoCoMo's form. Of the questions' categories, 1 asks for what stands in an
    answer, 2 for several turns in several sessions, 4 for the turn that names its subject."""
    chance = random.Random(seed)
    return [conversation(chance, number, sessions) for number in range(samples)]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--samples", type=int, default=4)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    options.out.write_text(json.dumps(conversations(options.samples, options.seed), indent=1))
