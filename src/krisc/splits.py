"""Documents to splits: pinned once released, and never apart from others on the same incident."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from krisc.store import Entry


def assign(index: Sequence[Entry], shares: Mapping[str, float], pinned: Mapping[str, str]) -> dict[str, str]:
    """The split of every document.

    A pinned document keeps its split, and its incident's documents follow it. Every other group goes, in an order that
    depends on nothing but its name, to the split that is furthest below its share. Hence a corpus of one document has
    one split, the one with the greatest share.

    Args:
        index: the documents.
        shares: share of each split; they need not sum to 1.
        pinned: splits of released documents.
    """
    groups: dict[str, list[str]] = defaultdict(list)
    for entry in index:
        groups[entry.incident].append(entry.id)
    total = sum(shares.values())
    filled: Counter[str] = Counter()
    result: dict[str, str] = {}
    settled = {group: next((pinned[d] for d in ids if d in pinned), None) for group, ids in groups.items()}
    order = sorted(groups, key=lambda g: (settled[g] is None, hashlib.sha256(g.encode()).hexdigest()))
    for group in order:
        split = settled[group]
        if split is None:
            seen = sum(filled.values()) + len(groups[group])
            split = max(shares, key=lambda s: shares[s] / total * seen - filled[s])
        filled[split] += len(groups[group])
        result |= {document: pinned.get(document, split) for document in groups[group]}
    return dict(sorted(result.items()))
