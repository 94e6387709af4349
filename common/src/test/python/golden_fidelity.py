"""Golden figures of merges over the zoo, by dense matrices in float64 and nothing clever.

W0 is a matrix of the base, P[i] the update of the i-th adapter (scale * B @ A), P their sum, W the merge of each case, rounded entry by entry:

    once      W = round(W0 + P)
    links     W = round(... round(round(W0 + P[0]) + P[1]) ...), as a merge link by link rounds
    twice     W = round(W0 + 2 P)
    missing   W = round(W0 + P without its last link)

    residual              |W - (W0 + P)| / |P|, Frobenius norms
    residual_of_rounding  |round(W0 + P) - (W0 + P)| / |P|
    lost_share            sum of p^2 over the entries where W = round(W0), relative to the sum over all
    lost_share_predicted  the same where round(W0 + P) = round(W0)
    coefficients          least squares of W - W0 on the P[i], by numpy.linalg.lstsq on the entries

Shares no code with the Java implementation, which is tested against what this writes.

usage: golden_fidelity.py ZOO OUT        (ZOO: folder with base/ and the adapters; OUT: the JSON file to write)
"""

import json
import sys
from pathlib import Path

import numpy as np

from golden_zoo import linear_weights, lora_updates

CHAINS = {
    "r8": ["lora-r8/1-python", "lora-r8/2-c", "lora-r8/3-javascript"],
    "r1": ["lora-r1/1-python", "lora-r1/2-c"],
}
MATRICES = ["model.layers.0.self_attn.k_proj.weight", "model.layers.1.mlp.down_proj.weight"]
BITS = {"BF16": (8, -126), "F16": (11, -14)}  # of the significand, and the least exponent of a normal number


def rounded(x: np.ndarray, dtype: str) -> np.ndarray:
    """To the nearest number of the type, ties to even; no entry is too large for it."""
    bits, least = BITS[dtype]
    _, exponent = np.frexp(x)
    unit = np.ldexp(1.0, np.maximum(exponent - 1, least) - (bits - 1))
    return np.rint(x / unit) * unit


def merged(case: str, dtype: str, w0: np.ndarray, updates: list[np.ndarray]) -> np.ndarray:
    if case == "links":
        w = w0
        for update in updates:
            w = rounded(w + update, dtype)
        return w
    return rounded({"once": w0 + sum(updates), "twice": w0 + 2 * sum(updates), "missing": w0 + sum(updates[:-1])}[case], dtype)


def figures(w0: np.ndarray, w: np.ndarray, updates: list[np.ndarray], dtype: str) -> dict:
    p = sum(updates)
    norm = np.linalg.norm(p)
    once = rounded(w0 + p, dtype)
    start = rounded(w0, dtype)
    entries = np.stack([update.ravel() for update in updates], axis=1)
    return {
        "residual": np.linalg.norm(w - (w0 + p)) / norm,
        "residual_of_rounding": np.linalg.norm(once - (w0 + p)) / norm,
        "lost_share": float((p[w == start] ** 2).sum() / norm**2),
        "lost_share_predicted": float((p[once == start] ** 2).sum() / norm**2),
        "coefficients": np.linalg.lstsq(entries, (w - w0).ravel(), rcond=None)[0].tolist(),
    }


def main() -> None:
    zoo, out = Path(sys.argv[1]), Path(sys.argv[2])
    base = linear_weights(zoo / "base")
    cases = []
    for name, chain in CHAINS.items():
        links = [lora_updates(zoo / adapter) for adapter in chain]
        for matrix in MATRICES:
            updates = [link[matrix] for link in links]
            for dtype in BITS:
                for case in ("once", "links", "twice", "missing"):
                    w = merged(case, dtype, base[matrix], updates)
                    cases.append({"chain": chain, "matrix": matrix, "dtype": dtype, "case": case} | figures(base[matrix], w, updates, dtype))
    out.write_text(json.dumps({"cases": cases}, indent=1) + "\n")


if __name__ == "__main__":
    main()
