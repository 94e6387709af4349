"""Golden values of the geometry figures over the zoo, by dense SVDs in float64 and scipy's subspace_angles.

For each checkpoint and matrix, with k = 10: the largest and the mean principal angle between the spans of the k leading singular vectors of the base
weight W0 and of the tuned weight W, left and right, in degrees; the spectral shift ||s - s0|| / ||s0|| over the k leading singular values; and, of full
fine-tunes, the share of entries with |w - w0| <= 1e-3 max(|w|, |w0|). Definitions: arXiv 2511.08567.

For each sequence and matrix, step by step: the subspace locking ||V_k(t)^T V_k(T)||_F^2 / k, with V_k(t) the k leading right singular vectors of the
tuned weight after step t, and T the last step.

Beside the zoo, made-up bases of subspaces for the angles alone: equal ones, very small angles (from sines), right angles, and mixed ones.

Reads weights by golden_zoo.py; shares no code with the Java implementation.

usage: golden_geometry.py ZOO OUT
"""

import json
import sys
from pathlib import Path

import numpy as np
import yaml
from golden_zoo import TOP_K, linear_weights, plain, tuned_weights
from scipy.linalg import subspace_angles

THRESHOLD = 1e-3
FIGURES = ["left_largest", "left_mean", "right_largest", "right_mean", "shift", "unchanged"]


def angles(a: np.ndarray, b: np.ndarray) -> list[float]:
    degrees = np.degrees(subspace_angles(a, b))
    return [float(degrees.max()), float(degrees.mean())]


def leading(w: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    u, s, vt = np.linalg.svd(w, full_matrices=False)
    return u[:, :TOP_K], s[:TOP_K], vt[:TOP_K].T


def unchanged(w0: np.ndarray, w: np.ndarray) -> float:
    return float((np.abs(w - w0) <= THRESHOLD * np.maximum(np.abs(w), np.abs(w0))).mean())


def planted() -> list[dict]:
    """Pairs of orthonormal bases, turned by known angles in planes of their own, in random coordinates; scipy agrees to 1e-8."""
    rng = np.random.default_rng(20251110)
    cases = []
    for degrees in ([0, 0], [1e-6, 1e-9], [90, 90], [90, 1e-5], [30, 44.9], [45.1, 60], [89.999, 0.001, 45]):
        k = len(degrees)
        q = np.linalg.qr(rng.normal(size=(2 * k + 2, 2 * k + 2)))[0]
        turn = np.radians(np.array(degrees, dtype=float))
        a = q[:, :k]
        b = a * np.cos(turn) + q[:, k:2 * k] * np.sin(turn)
        b = b @ np.linalg.qr(rng.normal(size=(k, k)))[0]
        assert np.allclose(subspace_angles(a, b), np.sort(turn)[::-1], atol=1e-8)
        cases.append({"a": a.tolist(), "b": b.tolist(), "radians": np.sort(turn)[::-1].tolist()})
    return cases


def main(zoo: Path, out: Path) -> None:
    manifest = yaml.safe_load((zoo / "manifest.yaml").read_text())
    base = linear_weights(zoo / manifest["base"]["uri"])
    base_leading = {name: leading(w0) for name, w0 in base.items()}
    checkpoints, right, sequences = {}, {}, {}
    for checkpoint in manifest["checkpoints"]:
        tuned = tuned_weights(zoo, checkpoint, base)
        figures = {}
        for name in sorted(base):
            u0, s0, v0 = base_leading[name]
            u, s, v = leading(tuned[name])
            right[checkpoint["id"], name] = v
            share = unchanged(base[name], tuned[name]) if "uri" in checkpoint else None
            figures[name] = [*angles(u0, u), *angles(v0, v), float(np.linalg.norm(s - s0) / np.linalg.norm(s0)), share]
        checkpoints[checkpoint["id"]] = figures
        if "sequence" in checkpoint:
            sequences.setdefault(checkpoint["sequence"], []).append((checkpoint["step"], checkpoint["id"]))
        print(f"{checkpoint['id']:24}", plain({f: np.mean([m[i] for m in figures.values()]) if None not in [m[i] for m in figures.values()] else None
                                               for i, f in enumerate(FIGURES)}))
    locking = {}
    for sequence, steps in sequences.items():
        ids = [id for _, id in sorted(steps)]
        locking[sequence] = {name: [float(np.linalg.norm(right[id, name].T @ right[ids[-1], name]) ** 2 / TOP_K) for id in ids] for name in sorted(base)}
        print(f"{sequence:24}", plain(np.mean(list(locking[sequence].values()), axis=0)))
    golden = {"figures": FIGURES, "checkpoints": checkpoints, "locking": locking}
    golden = json.loads(json.dumps(golden), parse_float=lambda text: float(f"{float(text):.10g}"))
    golden["planted"] = planted()
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(golden, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
