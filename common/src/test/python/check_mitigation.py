"""Checks edited models against PEFT and numpy: an oracle that shares no code with the Java implementation.

Every edited adapter below OUT/mitigated is loaded and merged by PEFT, every edited checkpoint is read as it is; each matrix is compared with

    W' = W + (lambda - 1) * sum of sigma_i u_i v_i^T over the intruders i

by a dense SVD of W in float64 (variants top and all, one round, exact form). The controls are checked by their strength: neighbour scales as many
triplets, shrink is a multiple of the update of equal norm, random changes W by as much. Prints the largest relative error of each variant, and fails
above the tolerance: 1e-5 where the result is stored in float32, 2^-8 (one rounding) of the largest element where it is bfloat16.

usage: check_mitigation.py ZOO OUT
"""

import json
import re
import sys
from collections import defaultdict
from functools import cache
from pathlib import Path

import numpy as np
import torch
import yaml
from peft import PeftModel
from transformers import LlamaForCausalLM

from golden_zoo import EPSILONS, linear_weights, lora_updates, tuned_weights  # noqa: F401

TOP_K, EPSILON = 10, 0.5
TOLERANCE = 1e-5


def load(folder: Path) -> LlamaForCausalLM:
    return LlamaForCausalLM.from_pretrained(folder, dtype=torch.float32)


@cache
def base_basis(zoo: Path, name: str) -> np.ndarray:
    return np.linalg.svd(linear_weights(zoo / "base")[name], full_matrices=False)[0]


def intruders(u0: np.ndarray, u: np.ndarray) -> list[int]:
    return [j for j in range(TOP_K) if np.abs(u0.T @ u[:, j]).max() < EPSILON]


def merged_by_peft(zoo: Path, folder: Path) -> dict[str, np.ndarray]:
    model = PeftModel.from_pretrained(load(zoo / "base"), folder).merge_and_unload()
    return {name: w.detach().double().numpy() for name, w in model.state_dict().items() if name.endswith("_proj.weight")}


def check(zoo: Path, checkpoint: dict, folder: Path, kind: str, factor: float, base: dict[str, np.ndarray]) -> tuple[float, bool]:
    adapter = (folder / "adapter_config.json").exists()
    found = merged_by_peft(zoo, folder) if adapter else linear_weights(folder)
    tuned = tuned_weights(zoo, checkpoint, base)
    worst, fits = 0.0, True
    for name, w in tuned.items():
        u, s, vt = np.linalg.svd(w, full_matrices=False)
        chosen = intruders(base_basis(zoo, name), u)
        chosen = chosen[:1] if SELECTION[folder] == "top" else chosen
        part = (u[:, chosen] * s[chosen]) @ vt[chosen]
        edited = w + (factor - 1) * part
        difference = found[name] - w
        if kind in ("top", "all"):
            error = np.linalg.norm(found[name] - edited) / np.linalg.norm(edited)
        elif not chosen or factor == 1:
            error = np.linalg.norm(difference) / np.linalg.norm(w)
        elif kind == "shrink":
            update, old = found[name] - base[name], w - base[name]
            cosine = (update * old).sum() / np.linalg.norm(update) / np.linalg.norm(old)
            norms = np.linalg.norm(update) / np.linalg.norm(edited - base[name])
            error = max(1 - cosine, abs(norms - 1))
        elif kind == "random":
            error = abs(np.linalg.norm(difference) / (abs(factor - 1) * np.linalg.norm(s[chosen])) - 1)
        else:
            scaled = np.linalg.svd(difference, compute_uv=False)[:len(chosen)]
            free = np.delete(s[:TOP_K], intruders(base_basis(zoo, name), u))
            distances = [np.abs(abs(factor - 1) * free - value).min() / value for value in scaled if value > 1e-4]
            error = max(distances, default=0.0)
        worst = max(worst, error)
        # bfloat16 keeps 8 bits; a control's error counts relative to the small change, so rounding weighs more
        tolerance = TOLERANCE if adapter else 2.0 ** -8
        if kind not in ("top", "all"):
            tolerance = 1e-3 if adapter else 0.2
        fits &= error <= tolerance
    return worst, fits


SELECTION: dict[Path, str] = {}


def main(zoo: Path, out: Path) -> None:
    checkpoints = {c["id"]: c for c in yaml.safe_load((zoo / "manifest.yaml").read_text())["checkpoints"]}
    base = linear_weights(zoo / "base")
    worst: dict[str, float] = defaultdict(float)
    failed = []
    markers = sorted(out.glob("mitigated/**/mitigation.json"))
    for marker in markers:
        said = json.loads(marker.read_text())
        if said["keep_rank"] or said["rounds"] > 1:
            continue
        SELECTION[marker.parent] = said["selection"]
        kind, factor = re.fullmatch(r"(\w+)-l([\d.]+)", said["variant"]).groups()
        error, fits = check(zoo, checkpoints[said["checkpoint_id"]], marker.parent, kind, float(factor), base)
        key = f"{'adapter' if (marker.parent / 'adapter_config.json').exists() else 'checkpoint'} {said['variant']}"
        worst[key] = max(worst[key], error)
        if not fits:
            failed.append(f"{marker.parent}: {error:.3g}")
    for key, error in sorted(worst.items()):
        print(f"{key:32} {error:.2e}")
    print(f"{len(markers)} models, {len(failed)} beyond the tolerance")
    if failed or not markers:
        sys.exit("\n".join(failed) or "nothing to check")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
