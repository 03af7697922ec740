"""Text to train on: sentences made from a few words, the same on every machine."""

import random

SUBJECTS = ["the cat", "a dog", "my friend", "the old teacher", "her sister"]
VERBS = ["sees", "finds", "likes", "paints", "forgets"]
OBJECTS = ["the house", "a red car", "the river", "two books", "the garden"]


def sentences(count, seed=0):
    chosen = random.Random(seed)
    return [f"{chosen.choice(SUBJECTS)} {chosen.choice(VERBS)} {chosen.choice(OBJECTS)}." for _ in range(count)]
