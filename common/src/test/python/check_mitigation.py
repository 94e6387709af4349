"""Checks edited models against PEFT and numpy: an oracle that shares no code with the Java implementation.

PEFT loads and merges the source of every checkpoint, and what `intruders mitigate` made of it; checkpoints are loaded by transformers. Each linear
weight of the decoder layers (GPT-2's transposed) is then compared with

    W' = W + (lambda - 1) * sum of sigma_i u_i v_i^T over the intruders i

by a dense SVD of W in float64 (variants top and all, one round, exact form). With --keep-rank it is the nearest matrix to W' whose update has the rank
of the adapter. All other tensors must be those of the source. Of the controls the strength is checked: neighbour scales as many triplets that are no
intruders, shrink is the update times a number and of the mitigated update's norm, random changes W by as much as the mitigation.

Prints the largest relative error of each kind, and fails above the tolerance: 1e-5 for weights stored in float32, 2^-8 (one rounding) where they are
bfloat16. A control's error is relative to the small change that it makes.

usage: check_mitigation.py MANIFEST OUT [CHECKPOINT ...]
"""

import json
import re
import sys
import warnings
from collections import defaultdict
from functools import cache
from pathlib import Path

import numpy as np
import torch
import yaml
from peft import PeftModel
from transformers import AutoModelForCausalLM
from transformers.utils.logging import disable_progress_bar

LINEAR = re.compile(r"(layers|h)\.\d+\..*(_proj|c_attn|c_fc)\.weight$")
CONV1D = re.compile(r"^transformer\.h\.")  # GPT-2's layers, which store (inputs, outputs)
Weights = dict[str, np.ndarray]


@cache
def load(base: Path, sources: tuple[Path, ...]) -> Weights:
    """All tensors of the base, a checkpoint, or adapters merged one after the other."""
    whole = sources and not is_adapter(sources[0])
    model = AutoModelForCausalLM.from_pretrained(sources[0] if whole else base, dtype=torch.float32)
    for adapter in sources[1:] if whole else sources:
        model = PeftModel.from_pretrained(model, adapter).merge_and_unload()
    return {name: (tensor.T if CONV1D.match(name) and tensor.dim() == 2 else tensor).detach().double().numpy()
            for name, tensor in model.state_dict().items()}


def is_adapter(folder: Path) -> bool:
    return (folder / "adapter_config.json").exists()


def sources_of(manifest: Path, checkpoint: dict) -> tuple[Path, ...]:
    folders = [manifest.parent / uri for uri in checkpoint.get("adapters", [checkpoint.get("uri")])]
    return tuple(folder if is_adapter(folder) or (folder / "config.json").exists() else next(folder.glob("*/adapter_config.json")).parent
                 for folder in folders)


def rank_of(update: np.ndarray) -> int:
    return int((np.linalg.svd(update, compute_uv=False) > 1e-5 * np.linalg.norm(update)).sum())


def error_of(said: dict, w0: np.ndarray, w: np.ndarray, found: np.ndarray, u0: np.ndarray) -> float:
    kind, factor = said["variant"].split("-l")[0], said["lambda"]
    u, s, vt = np.linalg.svd(w, full_matrices=False)
    top_k = int(said["top_k"])
    intruders = [j for j in range(min(top_k, len(s))) if np.abs(u0.T @ u[:, j]).max() < said["epsilon"]]
    chosen = intruders[:1] if said["selection"] == "top" else intruders
    edited = w + (factor - 1) * (u[:, chosen] * s[chosen]) @ vt[chosen]
    difference = found - w
    if kind in ("top", "all"):
        if said["keep_rank"] and chosen and factor != 1:
            ue, se, vte = np.linalg.svd(edited - w0, full_matrices=False)
            rank = rank_of(w - w0)
            edited = w0 + (ue[:, :rank] * se[:rank]) @ vte[:rank]
        return np.linalg.norm(found - edited) / np.linalg.norm(edited)
    if not chosen or factor == 1:
        return np.linalg.norm(difference) / np.linalg.norm(w)
    if kind == "shrink":
        update, old = found - w0, w - w0
        cosine = (update * old).sum() / np.linalg.norm(update) / np.linalg.norm(old)
        return max(1 - cosine, abs(np.linalg.norm(update) / np.linalg.norm(edited - w0) - 1))
    if kind == "random":
        return abs(np.linalg.norm(difference) / np.linalg.norm(edited - w) - 1)
    free = np.delete(s[:top_k], intruders)
    scaled = np.linalg.svd(difference, compute_uv=False)[:min(len(chosen), len(free))]
    return max((np.abs(abs(factor - 1) * free - value).min() / value for value in scaled), default=np.linalg.norm(difference))


def main(manifest: Path, out: Path, only: list[str]) -> None:
    disable_progress_bar()
    # PEFT only warns where a folder lacks factors that its config promises
    warnings.filterwarnings("error", message=".*missing adapter keys.*")
    said_by_manifest = yaml.safe_load(manifest.read_text())
    base_folder = manifest.parent / said_by_manifest["base"]["uri"]
    checkpoints = {c["id"]: sources_of(manifest, c) for c in said_by_manifest["checkpoints"]}
    base = load(base_folder, ())
    bases = {name: np.linalg.svd(w, full_matrices=False)[0] for name, w in base.items() if LINEAR.search(name)}
    worst: dict[str, float] = defaultdict(float)
    failed, count = [], 0
    for marker in sorted(out.glob("mitigated/**/mitigation.json")):
        said = json.loads(marker.read_text())
        if said["rounds"] > 1 or only and said["checkpoint_id"] not in only:
            continue
        tuned = load(base_folder, checkpoints[said["checkpoint_id"]])
        found = load.__wrapped__(base_folder, (marker.parent,))
        adapter = is_adapter(marker.parent)
        contradicting = [file.name for file in marker.parent.iterdir() if adapter and file.suffix in (".safetensors", ".bin", ".pt", ".pth", ".gguf")
                         and file.name != "adapter_model.safetensors"]
        if contradicting or set(said["files"]) != {file.name for file in marker.parent.iterdir()} - {marker.name}:
            failed.append(f"{marker.parent}: files {contradicting or 'other than its marker says'}")
        kind = said["variant"].split("-l")[0]
        mitigation = kind in ("top", "all")
        tolerance = (1e-5 if adapter else 2.0 ** -8) if mitigation else (1e-3 if adapter else 0.2)
        count += 1
        for name, w in tuned.items():
            if name in bases:
                error = error_of(said, base[name], w, found[name], bases[name])
                worst[f"{'adapter' if adapter else 'checkpoint'} {kind}"] = max(worst[f"{'adapter' if adapter else 'checkpoint'} {kind}"], error)
            else:
                error = np.abs(found[name] - w).max()
            if error > tolerance:
                failed.append(f"{marker.parent} {name}: {error:.3g}")
    for key, error in sorted(worst.items()):
        print(f"{key:24} {error:.2e}")
    print(f"{count} models, {len(failed)} matrices beyond the tolerance")
    if failed or not count:
        sys.exit("\n".join(failed[:50]) or "nothing to check")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve(), sys.argv[3:])
