"""Golden values of pairs of updates over the zoo, by dense matrices in float64 and nothing clever.

For each checkpoint dW = W - W0 is formed matrix by matrix (of adapters: scale * B @ A, added up along the chain) and decomposed by a dense SVD; triplets
above max(m, n) * 2**-52 * s_1 count, of a full fine-tune the leading 16. Of two checkpoints a and b:

    cosine       sum(dWa * dWb) / (|dWa| |dWb|) of all elements of all matrices; leading_cosine the same of what the triplets hold
    overlap      mean squared principal cosine: singular values of Ua^T Ub (left), Va^T Vb (right), mean over the matrices
    interference |(U^T U - I) S (V^T V - I)|_1 with U = [Ua Ub], S = diag(Sa, Sb), V = [Va Vb], the sum of the absolute values of all elements
                 (Gargiulo et al. 2025), summed over the matrices, relative to the sum of all singular values of both
    null         its mean where Ua, Ub, Va, Vb are random orthonormal, by numerical integration; checked against samples here

Shares no code with the Java implementation, which is tested against what this writes.

usage: golden_pairs.py ZOO OUT        (ZOO: folder with manifest.yaml and base/; OUT: the JSON file to write)
"""

import json
import sys
from itertools import combinations
from math import lgamma
from pathlib import Path

import numpy as np
import yaml
from scipy.integrate import quad

from golden_zoo import linear_weights, lora_updates

LEADING = 16
DETAILED = ("full/1-python", "full/2-c", "lora-r1/1-python", "lora-r8/1-python", "lora-r8/2-c", "lora-r32/1-python")
DETAILED_MATRICES = ("model.layers.0.self_attn.k_proj.weight", "model.layers.1.mlp.down_proj.weight")
SAMPLES = 4000


def updates(zoo: Path, checkpoint: dict, base: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    if "uri" in checkpoint:
        tuned = linear_weights(zoo / checkpoint["uri"])
        return {name: tuned[name] - base[name] for name in base}
    total = {name: np.zeros_like(w) for name, w in base.items()}
    for adapter in checkpoint["adapters"]:
        for name, update in lora_updates(zoo / adapter).items():
            total[name] = total[name] + update
    return total


class Triplets:
    def __init__(self, update: np.ndarray, most: int | None) -> None:
        u, s, vt = np.linalg.svd(update, full_matrices=False)
        rank = int((s > max(update.shape) * 2.0**-52 * s[0]).sum())
        rank = rank if most is None else min(rank, most)
        self.u, self.s, self.v = u[:, :rank], s[:rank], vt[:rank].T
        self.update = update
        self.leading = self.u @ np.diag(self.s) @ self.v.T
        self.element = mean_element(self.s, *update.shape)


def mean_length(dimension: int) -> float:
    return np.sqrt(2) * np.exp(lgamma((dimension + 1) / 2) - lgamma(dimension / 2))


def mean_element(s: np.ndarray, m: int, n: int) -> float:
    """E |sum s x y| of the leading coordinates x and y of independent random unit vectors of dimensions m and n.

    Over Gaussian vectors it is sqrt(2 / pi) E sqrt(Q), Q = sum s^2 h^2, and E sqrt(Q) = 1 / (2 sqrt(pi)) * the integral of
    (1 - E exp(-t Q)) t^(-3/2) over t > 0, here with t = u^2 / (1 - u)^2.
    """
    weights = s**2 / (s**2).sum()

    def integrand(u: float) -> float:
        t = (u / (1 - u)) ** 2
        missing = -np.expm1(-np.log1p(2 * weights * t).sum() / 2)
        return missing * 2 / u**2 if u > 1e-9 else 2 * weights.sum()

    value, _ = quad(integrand, 0, 1, epsabs=0, epsrel=1e-11, limit=400)
    mean_root = value / (2 * np.sqrt(np.pi))
    return float(np.sqrt(2 / np.pi) * np.linalg.norm(s) * mean_root / (mean_length(m) * mean_length(n)))


def interference(ua, sa, va, ub, sb, vb) -> float:
    u, v = np.hstack([ua, ub]), np.hstack([va, vb])
    return float(np.abs((u.T @ u - np.eye(u.shape[1])) @ np.diag(np.concatenate([sa, sb])) @ (v.T @ v - np.eye(v.shape[1]))).sum())


def null(a: Triplets, b: Triplets) -> float:
    return len(a.s) ** 2 * b.element + len(b.s) ** 2 * a.element


def check_null(a: Triplets, b: Triplets) -> None:
    """The closed form against random orthonormal matrices. The diagonal blocks of a sample are zero, as of orthonormal columns they are."""
    rng = np.random.default_rng(20241028)
    (m, n), ra, rb = a.update.shape, len(a.s), len(b.s)

    def basis(rows: int, columns: int) -> np.ndarray:
        return np.linalg.qr(rng.normal(size=(rows, columns)))[0]

    drawn = [interference(basis(m, ra), a.s, basis(n, ra), basis(m, rb), b.s, basis(n, rb)) for _ in range(SAMPLES)]
    error = abs(np.mean(drawn) - null(a, b))
    assert error < 4 * np.std(drawn) / np.sqrt(SAMPLES), (error, np.mean(drawn), null(a, b))


def cosine(x: list[np.ndarray], y: list[np.ndarray]) -> float:
    product = sum((p * q).sum() for p, q in zip(x, y))
    return float(product / np.sqrt(sum((p * p).sum() for p in x)) / np.sqrt(sum((q * q).sum() for q in y)))


def principal(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.linalg.svd(x.T @ y, compute_uv=False)


def figures(a: list[Triplets], b: list[Triplets]) -> dict:
    wa, wb = [t.update for t in a], [t.update for t in b]
    left = [principal(x.u, y.u) for x, y in zip(a, b)]
    right = [principal(x.v, y.v) for x, y in zip(a, b)]
    nuclear = sum(t.s.sum() for t in a + b)
    norms = [np.sqrt(sum((w * w).sum() for w in ws)) for ws in (wa, wb)]
    distance = np.sqrt(sum(((p - q) ** 2).sum() for p, q in zip(wa, wb)))
    shares = [sum((t.s**2).sum() for t in ts) / norm**2 for ts, norm in ((a, norms[0]), (b, norms[1]))]
    return {
        "norm_a": norms[0],
        "norm_b": norms[1],
        "cosine": cosine(wa, wb),
        "leading_cosine": cosine([t.leading for t in a], [t.leading for t in b]),
        "energy_share": min(shares),
        "relative_distance": distance / max(norms),
        "left_overlap": np.mean([(c**2).mean() for c in left]),
        "right_overlap": np.mean([(c**2).mean() for c in right]),
        "max_left_cosine": max(c[0] for c in left),
        "max_right_cosine": max(c[0] for c in right),
        "interference": sum(interference(x.u, x.s, x.v, y.u, y.s, y.v) for x, y in zip(a, b)) / nuclear,
        "interference_null": sum(null(x, y) for x, y in zip(a, b)) / nuclear,
    }


def rounded(value):
    if isinstance(value, dict):
        return {key: rounded(one) for key, one in value.items()}
    if isinstance(value, (list, np.ndarray)):
        return [rounded(one) for one in value]
    return float(f"{value:.12g}")


def main(zoo: Path, out: Path) -> None:
    manifest = yaml.safe_load((zoo / "manifest.yaml").read_text())
    base = linear_weights(zoo / "base")
    found = {}
    for checkpoint in manifest["checkpoints"]:
        most = LEADING if "uri" in checkpoint else None
        found[checkpoint["id"]] = {name: Triplets(update, most) for name, update in updates(zoo, checkpoint, base).items()}
    for one, other in (("lora-r1/1-python", "lora-r8/1-python"), ("lora-r8/1-python", "lora-r32/1-python")):
        check_null(found[one][DETAILED_MATRICES[0]], found[other][DETAILED_MATRICES[0]])
    pairs = []
    for a, b in combinations(sorted(found), 2):
        pairs.append({"a": a, "b": b, **rounded(figures(list(found[a].values()), list(found[b].values())))})
        if a in DETAILED and b in DETAILED:
            pairs[-1]["matrices"] = {
                name: rounded({
                    **figures([found[a][name]], [found[b][name]]),
                    "left_cosines": principal(found[a][name].u, found[b][name].u),
                    "right_cosines": principal(found[a][name].v, found[b][name].v),
                }) for name in DETAILED_MATRICES}
    lines = ",\n".join(json.dumps(pair) for pair in pairs)
    out.write_text(f'{{"leading": {LEADING}, "pairs": [\n{lines}\n]}}\n')


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
