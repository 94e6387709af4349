"""Two hundred LoRA adapters over one base, to compare all pairs of.

Rank 8 on the query and value projections of a Llama of 22 layers and width 2048 (TinyLlama's shapes), in BF16: 44 matrices. Planted are ten families of
twelve, whose members share half of their update (cosines of about 0.5); an exact copy of five adapters with other factors of the same products, in F32; a
near copy of five more; five at twice the strength. All others are random. The manifest's tags tell the families and whose copies they are. The base has
the shapes alone: its file is sparse, since adapters are compared without it. Writes OUT/base, OUT/adapters, OUT/manifest.yaml; about 0.5 GB.

usage: make_pairs.py OUT [COUNT]
"""

import json
import sys
from pathlib import Path

import numpy as np

LAYERS, WIDTH, VALUES, RANK = 22, 2048, 256, 8
FAMILIES, MEMBERS, COPIES = 10, 12, 5
SHAPES = {f"model.layers.{layer}.self_attn.{module}": (rows, WIDTH)
          for layer in range(LAYERS) for module, rows in (("q_proj", WIDTH), ("v_proj", VALUES))}

Factors = dict[str, tuple[np.ndarray, np.ndarray]]


def bf16(values: np.ndarray) -> np.ndarray:
    bits = values.astype(np.float32).view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype("<u2")


def write(path: Path, tensors: dict[str, np.ndarray], dtype: str) -> None:
    stored = {name: bf16(values) if dtype == "BF16" else values.astype("<f4") for name, values in tensors.items()}
    header, end = {}, 0
    for name, values in stored.items():
        header[name] = {"dtype": dtype, "shape": list(values.shape), "data_offsets": [end, end + values.nbytes]}
        end += values.nbytes
    text = json.dumps(header).encode()
    with path.open("wb") as out:
        out.write(len(text).to_bytes(8, "little") + text)
        for values in stored.values():
            out.write(values.tobytes())


def write_base(folder: Path) -> None:
    folder.mkdir(parents=True)
    header, end = {}, 0
    for name, (rows, cols) in SHAPES.items():
        header[f"{name}.weight"] = {"dtype": "BF16", "shape": [rows, cols], "data_offsets": [end, end + 2 * rows * cols]}
        end += 2 * rows * cols
    text = json.dumps(header).encode()
    with (folder / "model.safetensors").open("wb") as out:
        out.write(len(text).to_bytes(8, "little") + text)
        out.truncate(8 + len(text) + end)


def random_factors(rng: np.random.Generator, rank: int) -> Factors:
    decay = 1 / np.sqrt(1 + np.arange(rank))
    return {name: (rng.normal(size=(rows, rank)) * decay * 0.02, rng.normal(size=(rank, cols)) / np.sqrt(cols)) for name, (rows, cols) in SHAPES.items()}


def beside(one: Factors, other: Factors) -> Factors:
    return {name: (np.hstack([one[name][0], other[name][0]]), np.vstack([one[name][1], other[name][1]])) for name in one}


def rounded(factors: Factors) -> Factors:
    """As BF16 holds them, so that a copy in F32 is exact."""
    def through(values: np.ndarray) -> np.ndarray:
        return (bf16(values).astype(np.uint32) << 16).view(np.float32).astype(np.float64)
    return {name: (through(b), through(a)) for name, (b, a) in factors.items()}


def save(folder: Path, factors: Factors, dtype: str = "BF16", alpha: int = RANK) -> None:
    folder.mkdir(parents=True)
    prefix = "base_model.model."
    tensors = {}
    for name, (b, a) in factors.items():
        tensors[f"{prefix}{name}.lora_A.weight"], tensors[f"{prefix}{name}.lora_B.weight"] = a, b
    write(folder / "adapter_model.safetensors", tensors, dtype)
    config = {"peft_type": "LORA", "r": RANK, "lora_alpha": alpha, "target_modules": ["q_proj", "v_proj"]}
    (folder / "adapter_config.json").write_text(json.dumps(config))


def main(out: Path, count: int) -> None:
    rng = np.random.default_rng(20261128)
    write_base(out / "base")
    manifest = ["base: {id: base, uri: base}", "checkpoints:"]
    half = RANK // 2
    shared = [random_factors(rng, half) for _ in range(FAMILIES)]
    copied: list[Factors] = []
    for i in range(count):
        tags, dtype, alpha = "{method: lora}", "BF16", RANK
        copy = i - FAMILIES * MEMBERS - 3 * COPIES
        if i < FAMILIES * MEMBERS:
            factors = beside(shared[i // MEMBERS], random_factors(rng, half))
            tags = f"{{method: lora, family: f{i // MEMBERS}}}"
        elif copy < 0:
            factors = rounded(random_factors(rng, RANK))
            copied.append(factors)
        elif copy < 3 * COPIES:
            factors = copied[copy]
            tags = f"{{method: lora, copy_of: a{FAMILIES * MEMBERS + copy:04d}}}"
            if copy < COPIES:
                factors = {name: (2 * b[:, ::-1], a[::-1] / 2) for name, (b, a) in factors.items()}
                dtype = "F32"
            elif copy < 2 * COPIES:
                factors = {name: (b * (1 + 0.02 * rng.normal(size=b.shape)), a) for name, (b, a) in factors.items()}
            else:
                alpha = 2 * RANK
        else:
            factors = random_factors(rng, RANK)
        save(out / f"adapters/a{i:04d}", factors, dtype, alpha)
        manifest.append(f"  - {{id: a{i:04d}, adapters: [adapters/a{i:04d}], tags: {tags}}}")
    (out / "manifest.yaml").write_text("\n".join(manifest) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 200)
