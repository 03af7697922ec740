"""Text that a grammar makes: regular enough for a tiny model to learn in some hundred steps."""

from __future__ import annotations

import random

PEOPLE = ["anna", "the baker", "old tom", "my sister", "the captain", "a child", "the teacher", "our neighbour"]
VERBS = ["sees", "finds", "sells", "carries", "paints", "breaks", "likes", "hides"]
THINGS = ["a red boat", "the small house", "three apples", "an empty box", "the long rope", "two old books", "a lamp"]
PLACES = ["in the garden", "near the river", "at the market", "behind the school", "on the hill"]


def sentence(source: random.Random) -> str:
    words = [source.choice(PEOPLE), source.choice(VERBS), source.choice(THINGS)]
    if source.random() < 0.6:
        words.append(source.choice(PLACES))
    if source.random() < 0.2:
        words = ["today", *words]
    return " ".join(words) + "."


def story(seed: int, characters: int) -> str:
    source = random.Random(seed)
    parts: list[str] = []
    length = 0
    while length < characters:
        parts.append(sentence(source))
        length += len(parts[-1]) + 1
    return " ".join(parts)[:characters]
