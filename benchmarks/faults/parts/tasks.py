"""Strings of symbols and what to do with them: the questions and answers of the two programs that tune a
language model to follow instructions."""

from __future__ import annotations

import random

PAD, EOS, USER, ASSISTANT, COPY, REVERSE, SORT = range(7)
FIRST_SYMBOL, SYMBOLS = 7, 12
VOCABULARY = FIRST_SYMBOL + SYMBOLS


def answer_to(operation: int, symbols: list[int]) -> list[int]:
    if operation == COPY:
        return list(symbols)
    return symbols[::-1] if operation == REVERSE else sorted(symbols)


def questions(seed: int, count: int) -> list[tuple[list[int], list[int]]]:
    """(question, answer) pairs; neither holds the end of the turn."""
    source = random.Random(seed)
    pairs = []
    for _ in range(count):
        operation = source.choice((COPY, REVERSE, SORT))
        symbols = [FIRST_SYMBOL + source.randrange(SYMBOLS) for _ in range(source.randint(3, 5))]
        pairs.append(([operation, *symbols], answer_to(operation, symbols)))
    return pairs
