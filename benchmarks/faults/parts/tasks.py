"""Strings of symbols and what to do with them: the questions and answers of the two programs that tune a
language model to follow instructions."""

from __future__ import annotations

import random

PAD, EOS, USER, ASSISTANT, COPY, SORT = range(6)
FIRST_SYMBOL, SYMBOLS = 6, 8
VOCABULARY = FIRST_SYMBOL + SYMBOLS


def answer_to(operation: int, symbols: list[int]) -> list[int]:
    return sorted(symbols) if operation == SORT else list(symbols)


def questions(seed: int, count: int) -> list[tuple[list[int], list[int]]]:
    """(question, answer) pairs; neither holds the end of the turn."""
    source = random.Random(seed)
    pairs = []
    for _ in range(count):
        operation = source.choice((COPY, SORT))
        symbols = [FIRST_SYMBOL + source.randrange(SYMBOLS) for _ in range(4)]
        pairs.append(([operation, *symbols], answer_to(operation, symbols)))
    return pairs
