"""Golden values of the edits of whole updates, by dense SVDs in float64 and nothing clever. Reads the made-up model of golden_mitigation.py.

    OUT/noisy/             a full fine-tune in F32: the base, two strong directions, and noise
    OUT/expected.safetensors   SOURCE/VARIANT/MATRIX in F32: the edited weights
    OUT/expected.json      per source, matrix and variant: the norm of the update and of what was taken, the limit, how many values are kept

With dW = W - W0, its singular values t, and I the intruders among the first ten triplets of W (left vectors, below 0.5):

    budget-F          W0 + min(1, F * theta / t_1) dW, theta the critical strength at the edge of the base's bulk (golden_strength.py)
    threshold         W0 + sum over t_i >= omega(beta) * median(t) of t_i a_i b_i'   (Gavish and Donoho 2014)
    shrink-VARIANT    W0 + c dW, with the norm of VARIANT's update
    outside-VARIANT   W - c (1 - U_I U_I') dW (1 - V_I V_I'), c <= 1 such that as much is taken as VARIANT takes; W + c ... where lambda > 1

outside-lL goes with all-lL, which scales all intruders by L. Shares no code with the Java implementation.

usage: golden_budget.py FIXTURE OUT
"""

import json
import shutil
import sys
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

from golden_strength import strengths, threshold_factor

TOP_K, EPSILON = 10, 0.5
BUDGETS, LAMBDAS = (0.5, 1.0), (0.5, 1.5)


def intruders(w0: np.ndarray, w: np.ndarray):
    u0 = np.linalg.svd(w0, full_matrices=False)[0]
    u, s, vt = np.linalg.svd(w, full_matrices=False)
    found = [j for j in range(TOP_K) if np.abs(u0.T @ u[:, j]).max() < EPSILON]
    return u[:, found], s[found], vt[found].T


def edits(w0: np.ndarray, w: np.ndarray) -> tuple[dict[str, np.ndarray], dict]:
    update = w - w0
    norm = np.linalg.norm(update)
    a, t, bt = np.linalg.svd(update, full_matrices=False)
    t[t < 1e-13 * t[0]] = 0
    u, s, v = intruders(w0, w)
    rest = update - u @ (u.T @ update)
    rest = rest - (rest @ v) @ v.T
    edited, limits, kept = {}, {}, {}

    def outside(name: str, taken: float, sign: float) -> None:
        c = taken / np.linalg.norm(rest)
        edited[f"outside-{name}"] = w + sign * (c if sign > 0 else min(1, c)) * rest

    theta = strengths(np.linalg.svd(w0, compute_uv=False), w0.shape)["edge"]
    for budget in BUDGETS:
        name = f"budget-{budget:g}"
        factor = min(1, budget * theta / t[0])
        edited[name], limits[name] = w0 + factor * update, budget * theta
        outside(name, (1 - factor) * norm, -1)
    limit = threshold_factor(min(w.shape) / max(w.shape)) * np.median(t)
    stays = t >= limit
    edited["threshold"], limits["threshold"], kept["threshold"] = w0 + (a[:, stays] * t[stays]) @ bt[stays], limit, int((stays & (t > 0)).sum())
    edited["shrink-threshold"] = w0 + np.linalg.norm(t[stays]) / norm * update
    outside("threshold", np.linalg.norm(t[~stays]), -1)
    for factor in LAMBDAS:
        outside(f"l{factor:g}", abs(factor - 1) * np.linalg.norm(s), np.sign(factor - 1))
    said = {name: {"update_norm": np.linalg.norm(one - w0), "edit_norm": np.linalg.norm(one - w), "limit": limits.get(name), "kept": kept.get(name)}
            for name, one in edited.items()}
    return edited, said


def adapter(folder: Path) -> dict[str, np.ndarray]:
    config = json.loads((folder / "adapter_config.json").read_text())
    tensors = load_file(folder / "adapter_model.safetensors")
    suffix = ".lora_A.weight"
    return {name.removesuffix(suffix).removeprefix("base_model.model.") + ".weight":
            config["lora_alpha"] / config["r"] * tensors[name.replace("lora_A", "lora_B")].astype(np.float64) @ a.astype(np.float64)
            for name, a in tensors.items() if name.endswith(suffix)}


def main(fixture: Path, out: Path) -> None:
    shutil.rmtree(out, ignore_errors=True)
    (out / "noisy").mkdir(parents=True)
    rng = np.random.default_rng(20241029)
    base = {name: w.astype(np.float64) for name, w in load_file(fixture / "base/model.safetensors").items()}
    noisy = {}
    for name, w in base.items():
        signal = 0
        for strength in (7.0, 4.0):
            x, y = rng.normal(size=w.shape[0]), rng.normal(size=w.shape[1])
            signal = signal + strength * np.outer(x / np.linalg.norm(x), y / np.linalg.norm(y))
        noisy[name] = (w + signal + 0.02 * rng.normal(size=w.shape)).astype(np.float32)
    save_file(noisy, out / "noisy/model.safetensors", metadata={"format": "pt"})
    chain = adapter(fixture / "link-1")
    for name, more in adapter(fixture / "link-2").items():
        chain[name] = chain[name] + more
    tuned = {"plain": {name: w + adapter(fixture / "plain")[name] for name, w in base.items()},
             "chain": {name: w + chain[name] for name, w in base.items()},
             "noisy": {name: w.astype(np.float64) for name, w in noisy.items()}}
    tensors, said = {}, {}
    for source, weights in tuned.items():
        said[source] = {}
        for name, w0 in base.items():
            edited, said[source][name] = edits(w0, weights[name])
            tensors |= {f"{source}/{variant}/{name}": one.astype(np.float32) for variant, one in edited.items()}
            print(source, name, {variant: round(one["edit_norm"], 3) for variant, one in said[source][name].items()}, said[source][name]["threshold"]["kept"])
    save_file(tensors, out / "expected.safetensors")
    (out / "expected.json").write_text(json.dumps(said, indent=1) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
