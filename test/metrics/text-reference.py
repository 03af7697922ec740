"""Scores of the reference implementations for the sets of texts on standard input, as one JSON document.

In one process, because starting Python and its packages takes longer than the scores.
"""

import json
import logging
import sys

import sacrebleu.metrics

logging.getLogger("sacrebleu").setLevel(logging.ERROR)


def columns(references):
    """One list for each place of a reference, None where an example has fewer."""
    most = max(map(len, references))
    return [[own[i] if i < len(own) else None for own in references] for i in range(most)]


def corpus_and_sentences(metric, sentence_metric, hypotheses, references):
    corpus = metric.corpus_score(hypotheses, columns(references))
    # Before a sentence is scored, which changes what the signature says of the references.
    signature = metric.get_signature().format()
    return {
        "corpus": corpus.score,
        "sentences": [sentence_metric.sentence_score(h, r).score for h, r in zip(hypotheses, references)],
        "signature": signature,
    }


def translation(hypotheses, references):
    BLEU, CHRF, TER = sacrebleu.metrics.BLEU, sacrebleu.metrics.CHRF, sacrebleu.metrics.TER
    scores = {}
    for tokenize in ["13a", "zh", "char", "intl", "none"]:
        for lowercase in [False, True]:
            options = {"tokenize": tokenize, "lowercase": lowercase}
            scores[f"bleu {tokenize} exp {lowercase}"] = corpus_and_sentences(
                BLEU(**options), BLEU(**options, effective_order=True), hypotheses, references
            )
    for smooth in ["floor", "add-k", "none"]:
        options = {"smooth_method": smooth}
        scores[f"bleu 13a {smooth} False"] = corpus_and_sentences(
            BLEU(**options), BLEU(**options, effective_order=True), hypotheses, references
        )
    for lowercase in [False, True]:
        for name, words in [("chrf", 0), ("chrf++", 2)]:
            metric = CHRF(word_order=words, lowercase=lowercase)
            scores[f"{name} {lowercase}"] = corpus_and_sentences(metric, metric, hypotheses, references)
    return scores


def main():
    given = json.load(sys.stdin)
    result = {"texts": {own["name"]: translation(own["hypotheses"], own["references"]) for own in given["texts"]}}
    json.dump(result, sys.stdout)


main()
