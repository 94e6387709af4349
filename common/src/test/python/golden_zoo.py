"""Golden values of the intruder-dimension algorithm over the zoo, by dense SVDs in float64 and nothing clever.

The published algorithm (arXiv 2410.21228, Algorithm 1): a top-k singular vector u_j of the tuned weight W = W0 + dW is an intruder if
max_i |<u0_i, u_j>| < epsilon over all singular vectors u0_i of the base weight W0. Both sides, every two-dimensional linear weight of the
decoder layers; embeddings, head and norms are left out. A checkpoint is a full model, or a chain of PEFT LoRA adapters added in float64 to the
bfloat16 base. Shares no code with the Java implementation, which is tested against what this writes.

usage: golden_zoo.py ZOO OUT        (ZOO: folder with manifest.yaml, base/, evals.csv; OUT: the JSON file to write)
"""

import json
import sys
from functools import cache
from pathlib import Path

import numpy as np
import yaml

TOP_K = 10
EPSILONS = [round(0.1 * i, 1) for i in range(1, 10)]
ENERGY_EPSILON = 0.5
SIDES = ("left", "right")
ADAPTER_PREFIX = "base_model.model."


def read_safetensors(path: Path) -> dict[str, np.ndarray]:
    """All tensors of a file as float64; bfloat16 is the upper half of a float32, so the decoding is exact."""
    data = path.read_bytes()
    start = 8 + int.from_bytes(data[:8], "little")
    tensors = {}
    for name, info in json.loads(data[8:start]).items():
        if name != "__metadata__":
            begin, end = info["data_offsets"]
            raw = data[start + begin:start + end]
            if info["dtype"] == "BF16":
                values = (np.frombuffer(raw, "<u2").astype(np.uint32) << 16).view(np.float32)
            else:
                values = np.frombuffer(raw, {"F16": "<f2", "F32": "<f4", "F64": "<f8"}[info["dtype"]])
            tensors[name] = values.astype(np.float64).reshape(info["shape"])
    return tensors


def linear_weights(folder: Path) -> dict[str, np.ndarray]:
    tensors = read_safetensors(folder / "model.safetensors")
    return {name: w for name, w in tensors.items() if name.startswith("model.layers.") and name.endswith("_proj.weight")}


@cache
def lora_updates(folder: Path) -> dict[str, np.ndarray]:
    """The update scale * B @ A by the name of the weight it is added to."""
    config = json.loads((folder / "adapter_config.json").read_text())
    scale = config["lora_alpha"] / config["r"]
    tensors = read_safetensors(folder / "adapter_model.safetensors")
    suffix = ".lora_A.weight"
    modules = [name.removesuffix(suffix) for name in tensors if name.endswith(suffix)]
    return {module.removeprefix(ADAPTER_PREFIX) + ".weight": scale * tensors[module + ".lora_B.weight"] @ tensors[module + suffix]
            for module in modules}


def tuned_weights(zoo: Path, checkpoint: dict, base: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    if "uri" in checkpoint:
        return linear_weights(zoo / checkpoint["uri"])
    weights = dict(base)
    for adapter in checkpoint["adapters"]:
        for name, update in lora_updates(zoo / adapter).items():
            weights[name] = weights[name] + update
    return weights


def effective_rank(singular_values: np.ndarray) -> float:
    """exp of the entropy of the normalised singular values (Roy and Vetterli 2007)."""
    p = singular_values / singular_values.sum()
    p = p[p > 0]
    return float(np.exp(-(p * np.log(p)).sum()))


def count(similarities: np.ndarray) -> dict[str, int]:
    return {str(epsilon): int((similarities < epsilon).sum()) for epsilon in EPSILONS}


def compare(w0: np.ndarray, u0: np.ndarray, v0: np.ndarray, w: np.ndarray) -> dict:
    """All golden values of one matrix; u0 and v0 hold the base's singular vectors as columns."""
    u, s, vt = np.linalg.svd(w, full_matrices=False)
    similarities = {"left": np.abs(u0.T @ u[:, :TOP_K]), "right": np.abs(v0.T @ vt[:TOP_K].T)}
    best = {side: similarities[side].max(axis=0) for side in SIDES}
    update = w - w0
    update_spectrum = np.linalg.svd(update, compute_uv=False)
    energy = s[:TOP_K] ** 2
    return {
        **{side: {"best_similarity": best[side], "best_base_index": similarities[side].argmax(axis=0), "intruders": count(best[side])}
           for side in SIDES},
        "singular_values": s[:TOP_K],
        "intruder_energy": energy[best["left"] < ENERGY_EPSILON].sum(),
        "top_energy": energy.sum(),
        "intruder_energy_share": energy[best["left"] < ENERGY_EPSILON].sum() / energy.sum(),
        "update_norm": np.linalg.norm(update),
        "relative_update_norm": np.linalg.norm(update) / np.linalg.norm(w0),
        "update_spectral_norm": update_spectrum[0],
        "update_effective_rank": effective_rank(update_spectrum),
    }


def summarise(matrices: dict[str, dict]) -> dict:
    return {
        "intruders": {side: {str(e): sum(m[side]["intruders"][str(e)] for m in matrices.values()) for e in EPSILONS} for side in SIDES},
        "intruder_energy_share": sum(m["intruder_energy"] for m in matrices.values()) / sum(m["top_energy"] for m in matrices.values()),
        "matrices": matrices,
    }


def smallest_distance(checkpoints: dict[str, dict], side: str) -> dict:
    """The best similarity nearest to any threshold: how much error a count can bear before it changes."""
    return min(({"distance": abs(similarity - epsilon), "epsilon": epsilon, "checkpoint": checkpoint, "matrix": name, "index": j}
                for checkpoint, values in checkpoints.items() for name, matrix in values["matrices"].items()
                for j, similarity in enumerate(matrix[side]["best_similarity"]) for epsilon in EPSILONS), key=lambda tie: tie["distance"])


def plain(value):
    """JSON types, numbers at ten significant digits."""
    if isinstance(value, dict):
        return {key: plain(v) for key, v in value.items()}
    if isinstance(value, np.ndarray):
        return [plain(v) for v in value]
    if isinstance(value, np.integer):
        return int(value)
    return float(f"{value:.10g}") if isinstance(value, float) else value


def main(zoo: Path, out: Path) -> None:
    manifest = yaml.safe_load((zoo / "manifest.yaml").read_text())
    base = linear_weights(zoo / manifest["base"]["uri"])
    decomposed = {name: np.linalg.svd(w0, full_matrices=False) for name, w0 in base.items()}
    checkpoints = {}
    for checkpoint in manifest["checkpoints"]:
        tuned = tuned_weights(zoo, checkpoint, base)
        checkpoints[checkpoint["id"]] = summarise({
            name: compare(base[name], decomposed[name][0], decomposed[name][2].T, tuned[name]) for name in sorted(base)})
        print(f"{checkpoint['id']:24}", checkpoints[checkpoint["id"]]["intruders"]["left"])
    ties = {side: smallest_distance(checkpoints, side) for side in SIDES}
    golden = plain({"top_k": TOP_K, "epsilons": EPSILONS, "nearest_to_threshold": ties, "checkpoints": checkpoints})
    print("nearest to a threshold:", golden["nearest_to_threshold"])
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(golden, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
