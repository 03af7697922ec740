"""Scores of the reference implementations for the sets of texts on standard input, as one JSON document.

In one process, because starting Python and its packages takes longer than the scores.
"""

import json
import logging
import math
import sys

import jiwer
import numpy
import sacrebleu.metrics
import seqeval.metrics
import torch
import torchmetrics.functional.text as torchmetrics_text
from rouge_score import rouge_scorer
from torchmetrics.functional.text.squad import _normalize_text, squad

# Equality to 1e-9 needs more than torch's usual 32 bits.
torch.set_default_dtype(torch.float64)
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
    metric = TER()
    scores["ter"] = corpus_and_sentences(metric, TER(), hypotheses, references)
    return scores


def rouge(hypotheses, references):
    names = ["rouge1", "rouge2", "rougeL", "rougeLsum"]
    scorer = rouge_scorer.RougeScorer(names, use_stemmer=False)
    scores = [scorer.score_multi(r, h) for h, r in zip(hypotheses, references)]
    return {name: [own[name].fmeasure for own in scores] for name in names}


def answers(hypotheses, references):
    """SQuAD's arithmetic from torchmetrics, with the one line that evaluate-v2.0.py has before it."""
    scores = {"exact_match": [], "f1": []}
    for hypothesis, own in zip(hypotheses, references):
        gold = [text for text in own if _normalize_text(text)] or [""]
        target = {"id": "1", "answers": {"text": gold, "answer_start": [0] * len(gold)}}
        result = squad([{"id": "1", "prediction_text": hypothesis}], [target])
        for name, values in scores.items():
            values.append(result[name].item() / 100)
    return scores


def speech(hypotheses, references):
    first = [own[0] for own in references]
    return {
        "wer": jiwer.wer(first, hypotheses),
        "cer": jiwer.cer(first, hypotheses),
        "wers": [jiwer.wer(r, h) for r, h in zip(first, hypotheses)],
        "cers": [jiwer.cer(r, h) for r, h in zip(first, hypotheses)],
    }


def spans(hypotheses, references):
    return {
        "corpus": seqeval.metrics.f1_score(references, hypotheses),
        "sequences": [seqeval.metrics.f1_score([r], [h]) for h, r in zip(hypotheses, references)],
    }


def perplexity(log_probs, texts):
    """torchmetrics takes scores of a whole vocabulary: the token, and all others as one."""
    flat = torch.tensor([own for row in log_probs for own in row])
    scores = torch.stack([flat, torch.log1p(-torch.exp(flat))], dim=1)[None]
    targets = torch.zeros(1, len(flat), dtype=torch.int64)
    # lm-evaluation-harness, metrics.py: bits_per_byte is -weighted_mean(items) / math.log(2), items being (sum, bytes).
    items = [(sum(row), len(text.encode("utf-8"))) for row, text in zip(log_probs, texts)]
    weighted_mean = sum(own for own, _ in items) / sum(weight for _, weight in items)
    return {
        "perplexity": torchmetrics_text.perplexity(scores, targets).item(),
        "bits_per_byte": -weighted_mean / math.log(2),
    }


def pass_at_k(counts, passed, k):
    """openai/human-eval, human_eval/evaluation.py, estimate_pass_at_k"""

    def estimator(n, c, k):
        if n - c < k:
            return 1.0
        return 1.0 - numpy.prod(1.0 - k / numpy.arange(n - c + 1, n + 1))

    return [float(estimator(n, c, k)) for n, c in zip(counts, passed)]


def main():
    given = json.load(sys.stdin)
    texts = [(own["name"], own["hypotheses"], own["references"]) for own in given["texts"]]
    json.dump(
        {
            "translation": {name: translation(*own) for name, *own in texts},
            "rouge": {name: rouge(*own) for name, *own in texts},
            "answers": {name: answers(*own) for name, *own in texts},
            "speech": {name: speech(*own) for name, *own in texts},
            "spans": {own["name"]: spans(own["hypotheses"], own["references"]) for own in given["spans"]},
            "perplexity": {own["name"]: perplexity(own["logProbs"], own["texts"]) for own in given["perplexity"]},
            "samples": {
                own["name"]: {str(k): pass_at_k(own["counts"], own["passed"], k) for k in own["ks"]}
                for own in given["samples"]
            },
        },
        sys.stdout,
    )


main()
