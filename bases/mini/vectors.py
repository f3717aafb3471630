"""Compute word vectors from co-occurrence: positive pointwise mutual information, then an SVD."""

from collections.abc import Callable

import numpy as np
import scipy.sparse as sp
from sklearn.utils.extmath import randomized_svd

SPECIALS = 5  # ids below this are special tokens
NORM = 0.5  # length of every vector, about that of a normal(0, 0.03) row of width 256


def count_pairs(
    tokens: np.ndarray, paragraph_of: np.ndarray, vocab: int, window: int
) -> sp.csr_matrix:
    """Return symmetric co-occurrence counts within paragraphs, weighted by nearness."""
    counts = sp.csr_matrix((vocab, vocab), dtype=np.float32)
    known = tokens >= SPECIALS
    for distance in range(1, window + 1):
        left, right = tokens[:-distance], tokens[distance:]
        valid = (paragraph_of[:-distance] == paragraph_of[distance:]) & known[:-distance]
        valid &= known[distance:]
        keys = np.sort(left[valid] * vocab + right[valid])
        first = np.flatnonzero(np.diff(keys, prepend=-1))
        number = np.diff(np.append(first, len(keys))).astype(np.float32)
        keys = keys[first]
        weight = (window + 1 - distance) / window
        counts = counts + sp.csr_matrix(
            (number * weight, (keys // vocab, keys % vocab)), shape=(vocab, vocab)
        )
    return (counts + counts.T).tocsr()


def ppmi(counts: sp.csr_matrix, smoothing: float = 0.75) -> sp.csr_matrix:
    """Return positive PMI with context distribution smoothing (Levy, Goldberg and Dagan 2015)."""
    row = np.asarray(counts.sum(1)).ravel() + 1e-9
    context = row**smoothing
    context /= context.sum()
    cells = counts.tocoo()
    values = np.log(cells.data / (row[cells.row] * context[cells.col]))
    keep = values > 0
    return sp.csr_matrix(
        (values[keep].astype(np.float32), (cells.row[keep], cells.col[keep])), shape=counts.shape
    )


def word_vectors(
    tokens: np.ndarray,
    paragraph_of: np.ndarray,
    *,
    vocab: int,
    dim: int,
    seed: int,
    window: int = 8,
    min_count: float = 1.5,
    report: Callable[[str], None] = lambda _: None,
) -> np.ndarray:
    """Return (vocab, dim) float32 vectors of norm 0.5; pieces never seen get a random one.

    `paragraph_of` numbers each token's paragraph. Pairs seen less than `min_count` (weighted)
    are left out. The vectors are rotated at random: attention heads share the spectrum evenly.
    """
    counts = count_pairs(tokens.astype(np.int64), paragraph_of, vocab, window)
    counts.data[counts.data < min_count] = 0
    counts.eliminate_zeros()
    report(f"{counts.nnz:,} co-occurring pairs")
    left, singular, _ = randomized_svd(ppmi(counts), dim, n_iter=2, random_state=seed)
    rng = np.random.default_rng(seed)
    vectors = left * np.sqrt(singular)
    unseen = np.linalg.norm(vectors, axis=1) < 1e-6
    vectors[unseen] = rng.normal(size=(int(unseen.sum()), dim))
    vectors -= vectors[SPECIALS:].mean(0)
    vectors *= NORM / np.linalg.norm(vectors, axis=1, keepdims=True)
    rotation, _ = np.linalg.qr(rng.normal(size=(dim, dim)))
    return np.asarray(vectors @ rotation, dtype=np.float32)
