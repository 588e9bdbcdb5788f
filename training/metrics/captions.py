"""How near written captions come to those that people wrote: BLEU, ROUGE-L and CIDEr-D, as COCO's caption evaluation
counts them. Papers print BLEU and ROUGE-L times 100, and CIDEr-D too, though a perfect answer has 10 of it.

Captions are cut into words by ``words``. Papers on captions of motion cut theirs in other ways, among them at blanks
only, or score another CIDEr or ROUGE (papers.md 6.6): only numbers from one and the same cut can be compared.

All take N ``candidates``, one caption an item, and N lists of ``references``, one or more captions an item. A candidate
may be empty and then scores 0; ValueError for no item at all, an item without reference, a reference without words.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence

Words = list[str]
Item = tuple[Words, list[Words]]
"""a candidate and its references"""
NGrams = Counter[tuple[str, ...]]

_APOSTROPHES = str.maketrans({"\u2019": "'", "\u2018": "'"})
_WORD = re.compile(
    r"n't\b|'(?:s|m|d|re|ve|ll)\b"  # the second half of a contraction
    r"|\d+(?:[.,]\d+)+"  # 1.5
    r"|[^\W_]+?(?=n't\b)"  # its first half
    r"|[^\W_]+(?:-[^\W_]+)*"
)
ROUGE_BETA = 1.2
"""recall counts so much more than precision"""
CIDER_SIGMA = 6.0
"""words by which a candidate may well be too long or too short"""
CIDER_ORDERS = 4


def words(caption: str) -> Words:
    """A caption in words as in the Penn treebank, without its punctuation: lower case; runs of letters and digits,
    joined by hyphens (counter-clockwise); a contraction is two (does n't, person 's); 1.5 is one."""
    return _WORD.findall(caption.lower().translate(_APOSTROPHES))


def bleu(candidates: Sequence[str], references: Sequence[Sequence[str]], n: int = 4) -> float:
    """BLEU-n in [0, 1]: the geometric mean of the clipped precisions of 1- to n-grams of the whole corpus, times the
    brevity penalty against the references that come closest in length (the shorter of two).

    0 where the corpus shares no n-gram with its references; COCO puts a hair's breadth there instead.
    """
    if n < 1:
        raise ValueError(f"BLEU counts n-grams of 1 word or more, got n = {n}")
    matched, written = [0] * n, [0] * n
    length = reference_length = 0
    for candidate, its_references in _items(candidates, references):
        length += len(candidate)
        reference_length += min((abs(len(r) - len(candidate)), len(r)) for r in its_references)[1]
        allowed: NGrams = Counter()
        for reference in its_references:
            allowed |= ngrams(reference, n)  # the most that any one reference has of each
        for ngram, count in ngrams(candidate, n).items():
            written[len(ngram) - 1] += count
            matched[len(ngram) - 1] += min(count, allowed[ngram])
    if not all(matched):
        return 0.0
    precision = math.exp(sum(math.log(m / w) for m, w in zip(matched, written)) / n)
    return precision * math.exp(min(0.0, 1.0 - reference_length / length))


def rouge_l(candidates: Sequence[str], references: Sequence[Sequence[str]]) -> float:
    """ROUGE-L in [0, 1], the mean over items: the F measure of the longest common subsequence, with the best precision
    and the best recall that any reference gives (they may be two, as COCO has it)."""
    return _mean(_rouge_l(*item) for item in _items(candidates, references))


def _rouge_l(candidate: Words, references: list[Words]) -> float:
    if not candidate:
        return 0.0
    common = [common_subsequence(candidate, reference) for reference in references]
    precision = max(common) / len(candidate)
    recall = max(shared / len(reference) for shared, reference in zip(common, references))
    if precision == 0.0:
        return 0.0
    return (1.0 + ROUGE_BETA**2) * precision * recall / (recall + ROUGE_BETA**2 * precision)


def common_subsequence(a: Sequence, b: Sequence) -> int:
    """How many elements two sequences share in the same order, with or without others in between."""
    longest = [0] * (len(b) + 1)  # of what was seen of ``a`` and each beginning of ``b``
    for mine in a:
        before = longest
        longest = [0]
        for i, theirs in enumerate(b):
            longest.append(before[i] + 1 if mine == theirs else max(before[i + 1], longest[i]))
    return longest[-1]


def cider_d(candidates: Sequence[str], references: Sequence[Sequence[str]]) -> float:
    """CIDEr-D in [0, 10], the mean over items. COCO's evaluation and nlg-eval print it as "CIDEr".

    Of 1- to 4-grams, weighted by how rare they are among the items' references, the mean cosine with each reference;
    a count over the reference's is clipped, and a difference in length costs a Gaussian of ``CIDER_SIGMA`` words.
    Rareness needs items to compare, so ValueError for a single one: there every n-gram would weigh nothing.
    """
    items = _items(candidates, references)
    if len(items) < 2:
        raise ValueError("CIDEr-D weighs words by how few items have them: it needs 2 items or more, got 1")
    documents: Counter[tuple[str, ...]] = Counter()
    for _, its_references in items:
        documents.update(set().union(*(ngrams(reference, CIDER_ORDERS) for reference in its_references)))
    rareness = {ngram: math.log(len(items) / count) for ngram, count in documents.items()}
    unseen = math.log(len(items))

    def weighted(caption: Words) -> list[dict[tuple[str, ...], float]]:
        """For each order, n-gram to weight."""
        vectors: list[dict[tuple[str, ...], float]] = [{} for _ in range(CIDER_ORDERS)]
        for ngram, count in ngrams(caption, CIDER_ORDERS).items():
            vectors[len(ngram) - 1][ngram] = count * rareness.get(ngram, unseen)
        return vectors

    def score(candidate: Words, its_references: list[Words]) -> float:
        mine = weighted(candidate)
        return _mean(
            math.exp(-((len(candidate) - len(reference)) ** 2) / (2.0 * CIDER_SIGMA**2))
            * _mean(_clipped_cosine(a, b) for a, b in zip(mine, weighted(reference)))
            for reference in its_references
        )

    return 10.0 * _mean(score(*item) for item in items)


def _clipped_cosine(candidate: dict, reference: dict) -> float:
    """The cosine of two vectors, no element of the candidate's counting for more than the reference's."""
    lengths = math.hypot(*candidate.values()) * math.hypot(*reference.values())
    if lengths == 0.0:
        return 0.0
    return sum(min(weight, reference.get(k, 0.0)) * reference.get(k, 0.0) for k, weight in candidate.items()) / lengths


def scores(candidates: Sequence[str], references: Sequence[Sequence[str]]) -> dict[str, float]:
    """What the papers print of captions, times 100 as they do. CIDEr-D needs 2 items or more."""
    found = {
        "BLEU-1": bleu(candidates, references, 1),
        "BLEU-4": bleu(candidates, references, 4),
        "ROUGE-L": rouge_l(candidates, references),
        "CIDEr-D": cider_d(candidates, references),
    }
    return {name: 100.0 * value for name, value in found.items()}


def ngrams(caption: Words, n: int) -> NGrams:
    """How often each run of 1 to ``n`` words occurs."""
    return Counter(tuple(caption[i : i + order]) for order in range(1, n + 1) for i in range(len(caption) - order + 1))


def _items(candidates: Sequence[str], references: Sequence[Sequence[str]]) -> list[Item]:
    """Candidates and references in words."""
    if isinstance(candidates, str) or any(isinstance(its, str) for its in references):
        raise ValueError("candidates must be a list of captions, references a list of lists of captions; got a text")
    if len(candidates) != len(references) or not len(candidates):
        raise ValueError(
            f"every candidate needs its own list of references, and there must be one candidate or more: "
            f"got {len(candidates)} candidates and {len(references)} lists"
        )
    items = [(words(candidate), [words(r) for r in its]) for candidate, its in zip(candidates, references)]
    for i, (_, its_references) in enumerate(items):
        if not its_references or not all(its_references):
            raise ValueError(f"item {i} needs one reference or more, each with words in it, got {references[i]!r:.80}")
    return items


def _mean(values: Iterable[float]) -> float:
    values = list(values)
    return math.fsum(values) / len(values)
