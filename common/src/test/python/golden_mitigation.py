"""Golden values of the intervention on intruders, by dense SVDs in float64 and nothing clever.

A made-up model with a square, a tall and a wide matrix, whose updates have directions of their own, so that the tuned matrices have intruders:

    base/                  model.safetensors (F32)
    KIND/                  an adapter as PEFT saves it: plain, rslora, patterns (ranks and alphas by pattern), half (BF16), link-1 and link-2 (a chain)
    full/                  the tuned checkpoint in two F32 shards with an index, and files that are carried along
    expected.safetensors   SOURCE/VARIANT/MATRIX in F64: the edited weights W' = W + (lambda - 1) * sum over intruders i of sigma_i u_i v_i^T
    expected.json          intruders, norms of the update, and the relative error of the nearest update of the adapter's rank (Eckart and Young)

An intruder is one of the first ten left singular vectors of W whose largest absolute cosine with any of W0 is below 0.5. Shares no code with the
Java implementation, which is tested against what this writes.

usage: golden_mitigation.py OUT
"""

import json
import shutil
import sys
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

TOP_K, EPSILON = 10, 0.5
LAMBDAS = [0.0, 0.5]
SHAPES = {"square": (48, 48), "tall": (64, 40), "wide": (36, 60)}
NAMES = {kind: f"model.layers.{i}.mlp.{kind}_proj" for i, kind in enumerate(SHAPES)}


def orthonormal(rng: np.random.Generator, rows: int, cols: int) -> np.ndarray:
    return np.linalg.qr(rng.normal(size=(rows, cols)))[0]


def make_base(rng: np.random.Generator) -> dict[str, np.ndarray]:
    base = {}
    for kind, (rows, cols) in SHAPES.items():
        p = min(rows, cols)
        w = (orthonormal(rng, rows, p) * (4 * 0.93 ** np.arange(p))) @ orthonormal(rng, cols, p).T
        base[NAMES[kind]] = w.astype(np.float32, order="C")
    return base


def make_factors(rng: np.random.Generator, rank: int, strength: float) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """B and A whose product has singular values around the strength; half of that is left for the scale of 2 of the plain adapter."""
    factors = {}
    for kind, (rows, cols) in SHAPES.items():
        sizes = strength / 2 * 0.8 ** np.arange(rank)
        b = orthonormal(rng, rows, rank) * np.sqrt(sizes)
        a = np.sqrt(sizes)[:, None] * orthonormal(rng, cols, rank).T
        factors[NAMES[kind]] = b.astype(np.float32, order="C"), a.astype(np.float32, order="C")  # safetensors saves memory as it lies
    return factors


def to_bf16(x: np.ndarray) -> np.ndarray:
    """The bits of the upper half, cut off; the factors are made of values that bfloat16 has."""
    return (x.view(np.uint32) >> 16).astype(np.uint16)


def cut_to_bf16(x: np.ndarray) -> np.ndarray:
    return (x.view(np.uint32) & 0xFFFF0000).view(np.float32)


def save_adapter(folder: Path, factors: dict, config: dict, half: bool = False) -> None:
    folder.mkdir(parents=True)
    tensors = {}
    for module, (b, a) in factors.items():
        tensors[f"base_model.model.{module}.lora_A.weight"] = a
        tensors[f"base_model.model.{module}.lora_B.weight"] = b
    if half:
        save_bf16(folder / "adapter_model.safetensors", tensors)
    else:
        save_file(tensors, folder / "adapter_model.safetensors", metadata={"format": "pt"})
    settings = {"peft_type": "LORA", "r": 4, "lora_alpha": 8, "target_modules": ["square_proj", "tall_proj", "wide_proj"], "task_type": "CAUSAL_LM",
                "lora_dropout": 0.0, "use_rslora": False, "rank_pattern": {}, "alpha_pattern": {}, "revision": None}
    (folder / "adapter_config.json").write_text(json.dumps(settings | config, indent=2) + "\n")


def save_bf16(path: Path, tensors: dict[str, np.ndarray]) -> None:
    header, data = {"__metadata__": {"format": "pt"}}, b""
    for name, values in sorted(tensors.items()):
        raw = to_bf16(np.ascontiguousarray(values)).tobytes()
        header[name] = {"dtype": "BF16", "shape": list(values.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)


def variants(w0: np.ndarray, w: np.ndarray, rank: int) -> tuple[dict[str, np.ndarray], dict]:
    u0 = np.linalg.svd(w0, full_matrices=False)[0]
    u, s, vt = np.linalg.svd(w, full_matrices=False)
    intruders = [j for j in range(TOP_K) if np.abs(u0.T @ u[:, j]).max() < EPSILON]
    assert len(intruders) >= 2, intruders
    edited, said = {}, {"intruders": intruders, "update_norm": float(np.linalg.norm(w - w0)), "variants": {}}
    for selection, chosen in [("top", intruders[:1]), ("all", intruders)]:
        for factor in LAMBDAS:
            name = f"{selection}-l{factor:g}"
            edited[name] = w + (factor - 1) * (u[:, chosen] * s[chosen]) @ vt[chosen]
            spectrum = np.linalg.svd(edited[name] - w0, compute_uv=False)
            said["variants"][name] = {"update_norm": float(np.linalg.norm(spectrum)),
                                      "keep_rank_error": float(np.linalg.norm(spectrum[rank:]) / np.linalg.norm(spectrum))}
    return edited, said


def main(out: Path) -> None:
    shutil.rmtree(out, ignore_errors=True)
    rng = np.random.default_rng(20241028)
    base = make_base(rng)
    (out / "base").mkdir(parents=True)
    save_file({f"{name}.weight": w for name, w in base.items()}, out / "base/model.safetensors", metadata={"format": "pt"})
    factors = make_factors(rng, 4, 5.0)
    save_adapter(out / "plain", factors, {})
    save_adapter(out / "rslora", factors, {"use_rslora": True, "lora_alpha": 4})
    ranks = {NAMES["tall"]: 3, NAMES["wide"]: 2}
    cut = {name: (b[:, :ranks.get(name, 4)].copy(), a[:ranks.get(name, 4)].copy()) for name, (b, a) in factors.items()}
    save_adapter(out / "patterns", cut, {"rank_pattern": {r".*\.tall_proj": 3, "wide_proj": 2}, "alpha_pattern": {"square_proj": 7, "wide_proj": 5}})
    half = {name: (cut_to_bf16(b), cut_to_bf16(a)) for name, (b, a) in factors.items()}
    save_adapter(out / "half", half, {}, half=True)
    second = {name: pair for name, pair in make_factors(rng, 2, 6.0).items() if "square" not in name}
    save_adapter(out / "link-1", factors, {})
    save_adapter(out / "link-2", second, {"r": 2, "lora_alpha": 3, "target_modules": ["tall_proj", "wide_proj"]})

    def update(pairs: dict, scale: dict[str, float]) -> dict[str, np.ndarray]:
        return {name: scale[name] * b.astype(np.float64) @ a.astype(np.float64) for name, (b, a) in pairs.items()}

    two = dict.fromkeys(base, 2.0)
    chain = update(factors, two)
    for name, more in update(second, dict.fromkeys(base, 1.5)).items():
        chain[name] = chain[name] + more
    pattern_scale = {NAMES["square"]: 7 / 4, NAMES["tall"]: 8 / 3, NAMES["wide"]: 5 / 2}
    updates = {"plain": (update(factors, two), 4), "rslora": (update(factors, two), 4), "patterns": (update(cut, pattern_scale), None),
               "half": (update(half, two), 4), "chain": (chain, None)}
    tuned = {name: (w + updates["plain"][0][name]).astype(np.float32) for name, w in base.items()}
    updates["full"] = {name: tuned[name].astype(np.float64) - w.astype(np.float64) for name, w in base.items()}, 4
    save_shards(out / "full", tuned)
    tensors, said = {}, {}
    for source, (delta, rank) in updates.items():
        said[source] = {}
        for name, w0 in base.items():
            own = rank or {"patterns": ranks.get(name, 4), "chain": 4 if "square" in name else 6}[source]
            edited, said[source][f"{name}.weight"] = variants(w0.astype(np.float64), w0.astype(np.float64) + delta[name], own)
            for variant, w in edited.items():
                tensors[f"{source}/{variant}/{name}.weight"] = w
    save_file(tensors, out / "expected.safetensors")
    (out / "expected.json").write_text(json.dumps(said, indent=1) + "\n")
    for source, matrices in said.items():
        print(source, {name: m["intruders"] for name, m in matrices.items()})


def save_shards(folder: Path, tuned: dict[str, np.ndarray]) -> None:
    folder.mkdir(parents=True)
    shards = {"shard-1.safetensors": ["square"], "shard-2.safetensors": ["tall", "wide"]}
    weight_map = {}
    for file, kinds in shards.items():
        tensors = {f"{NAMES[kind]}.weight": tuned[NAMES[kind]] for kind in kinds}
        tensors[f"model.{file[:7]}.norm.weight"] = np.linspace(0.5, 1.5, 7, dtype=np.float32)
        save_file(tensors, folder / file, metadata={"format": "pt", "shard": file})
        weight_map |= dict.fromkeys(tensors, file)
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {"total_size": 1}, "weight_map": weight_map}))
    (folder / "config.json").write_text('{"model_type": "made-up"}\n')
    (folder / "tokenizer.json").write_text('{"version": "1.0"}\n')


if __name__ == "__main__":
    main(Path(sys.argv[1]))
