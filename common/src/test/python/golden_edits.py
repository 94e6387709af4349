"""What `mitigate` has to make of adapters of every kind in every layout that it edits: the edited weights, from PEFT's merges and dense SVDs.

Reads fixtures/peft (golden_peft.py) and writes, beside it,

    MODEL.yaml             manifests of all that `mitigate` edits over one base, for check_mitigation.py
    CASE/                  adapters and checkpoints in further layouts and initialisations, as PEFT, torch.save and transformers save them
    expected.safetensors   MODEL/CASE/MATRIX in F64: W' = W - 0.5 * sum over all intruders i of sigma_i u_i v_i^T, W as PEFT merges it

An intruder is one of the first ten left singular vectors of W whose largest absolute cosine with any of W0 is below 0.8. None of those cosines is
within 1e-4 of that, which is checked, so that rounding can't change the set. Shares no code with the Java implementation.

usage: golden_edits.py PEFT_FIXTURES OUT
"""

import json
import os
import shutil
import sys
from dataclasses import asdict
from pathlib import Path

if os.environ.get("PYTHONHASHSEED") != "0":  # PEFT writes sets, such as target_modules, in the order of their hashes
    os.execve(sys.executable, [sys.executable, *sys.argv], os.environ | {"PYTHONHASHSEED": "0", "HF_HUB_OFFLINE": "1"})

import numpy as np
import torch
from peft import EvaConfig, LoraConfig, PeftModel, get_peft_model
from peft.tuners.lora.config import CordaConfig
from safetensors.torch import load_file, save_file
from torch import Tensor
from transformers import AutoModelForCausalLM

TOP_K, EPSILON, LAMBDA = 10, 0.8, 0.5
TARGETS = ["q_proj", "v_proj", "down_proj"]
PLAIN = {
    "llama": ["lora", "rslora", "patterns", "all-linear", "modules-to-save", "embedding", "trainable-token-indices", "pissa-converted", "named",
              "chain/2"],
    "gpt2": ["lora"],
}


def edited(w0: np.ndarray, w: np.ndarray) -> np.ndarray:
    """Both (outputs, inputs)."""
    u0 = np.linalg.svd(w0, full_matrices=False)[0]
    u, s, vt = np.linalg.svd(w, full_matrices=False)
    similarity = np.abs(u0.T @ u).max(axis=0)[:TOP_K]
    assert np.abs(similarity - EPSILON).min() > 1e-4, "an intruder too near to the bound"
    chosen = np.flatnonzero(similarity < EPSILON)
    return w + (LAMBDA - 1) * (u[:, chosen] * s[chosen]) @ vt[chosen]


def expect(into: dict[str, Tensor], case: str, base: dict[str, Tensor], merged: dict[str, Tensor]) -> None:
    changed = 0
    for name, w in merged.items():
        if w.dim() != 2 or not name.endswith(".weight") or not (".layers." in name or name.startswith(("layers.", "transformer.h."))):
            continue
        w0 = base[name].double().numpy()
        if np.array_equal(w0, w.double().numpy()):
            continue
        conv1d = name.startswith("transformer.h.")  # GPT-2 stores (inputs, outputs)
        w1 = w.double().numpy()
        new = edited(w0.T, w1.T).T if conv1d else edited(w0, w1)
        changed += not np.array_equal(new, w1)
        into[f"{case}/{name}"] = torch.from_numpy(np.ascontiguousarray(new))
    assert changed, f"{case} has no intruder"


def train(model: torch.nn.Module) -> None:
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter += 0.1 * torch.randn_like(parameter)


def set_in_config(folder: Path, **fields) -> None:
    file = folder / "adapter_config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | fields, indent=2))


def initialised(base: Path, folder: Path, **settings) -> dict[str, Tensor]:
    """Saves a LoRA adapter of some initialisation; returns what PEFT merges its files to."""
    torch.manual_seed(11)
    model = get_peft_model(AutoModelForCausalLM.from_pretrained(base), LoraConfig(r=4, lora_alpha=8, target_modules=TARGETS, **settings))
    train(model)
    model.save_pretrained(folder)
    (folder / "README.md").unlink()
    set_in_config(folder, base_model_name_or_path="../base")
    return PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base), folder).merge_and_unload().state_dict()


def layouts(llama: Path, out: Path, expected: dict[str, Tensor]) -> None:
    base = load_file(llama / "base/model.safetensors")
    merged = base | load_file(llama / "lora/merged.safetensors")
    tensors = load_file(llama / "lora/adapter_model.safetensors")

    for name, settings in {"orthogonal": dict(init_lora_weights="orthogonal"), "gaussian": dict(init_lora_weights="gaussian"),
                           "eva": dict(init_lora_weights="eva", eva_config=EvaConfig())}.items():
        expect(expected, name, base, initialised(llama / "base", out / name, **settings))
    # settings that are left over from an initialisation that is not that of the adapter (any more)
    initialised(llama / "base", out / "left-over")
    set_in_config(out / "left-over", loftq_config={"loftq_bits": 4, "loftq_iter": 1}, corda_config=asdict(CordaConfig()), eva_config={"rho": 2.0})
    expect(expected, "left-over", base, PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(llama / "base"),
                                                                 out / "left-over").merge_and_unload().state_dict())

    def copy(case: str, inside: str = ".") -> Path:
        folder = out / case / inside
        folder.mkdir(parents=True)
        shutil.copy(llama / "lora/adapter_config.json", folder)
        expect(expected, case, base, merged)
        return folder

    # save_pretrained(safe_serialization=False), and all of PEFT before 0.6
    torch.save(tensors, copy("pickled") / "adapter_model.bin")
    # a transposed view, as some trainers leave it
    torch.save({name: (tensor.t().contiguous().t() if "lora_A" in name else tensor) for name, tensor in tensors.items()},
               copy("pickled-columns") / "adapter_model.bin")
    # the name of the adapter in the tensors' names: state dicts of old versions, and of trainers
    save_file({name.replace(".weight", ".default.weight"): tensor for name, tensor in tensors.items()},
              copy("old-names") / "adapter_model.safetensors", {"format": "pt"})
    # PEFT on a multimodal model, whose files lack what is inserted
    save_file({name.replace("model.model.layers", "model.model.language_model.layers"): tensor for name, tensor in tensors.items()},
              copy("insertion") / "adapter_model.safetensors", {"format": "pt"})
    # torchtune's epoch folder: the adapter, the same once more, and the merged model in shards
    folder = copy("torchtune", "epoch_0")
    save_file(tensors, folder / "adapter_model.safetensors", {"format": "pt"})
    torch.save(tensors, folder / "adapter_model.pt")
    save_file(merged, folder / "model-00001-of-00001.safetensors", {"format": "pt"})
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": {name: "model-00001-of-00001.safetensors" for name in merged}}))
    shutil.copy(llama / "base/config.json", folder)
    # merge_and_unload().save_pretrained() into the adapter's folder, and conversions of the merged model
    folder = copy("beside-merged")
    save_file(tensors, folder / "adapter_model.safetensors", {"format": "pt"})
    save_file(merged, folder / "model.safetensors", {"format": "pt"})
    for name in ("pytorch_model.bin", "consolidated.00.pth", "merged-q8_0.gguf", "tf_model.h5", "flax_model.msgpack", "model.onnx", "model.onnx_data",
                 "training_args.bin", "pytorch_model.bin.index.json", "model.ckpt.index", "model.ckpt.data-00000-of-00001"):
        (folder / name).write_bytes(b"unedited")
    (folder / "tokenizer.json").write_text("{}")
    # mlflow.transformers.log_model: the adapter in a folder of its own beside the description
    folder = copy("mlflow", "peft")
    save_file(tensors, folder / "adapter_model.safetensors", {"format": "pt"})
    (folder.parent / "MLmodel").write_text("flavors:\n  transformers:\n    peft_adaptor: peft\n")

    # a base without its head, whose names lack the prefix of the adapter's
    headless = {name.removeprefix("model."): tensor for name, tensor in base.items() if name != "lm_head.weight"}
    (out / "headless").mkdir()
    save_file(headless, out / "headless/model.safetensors", {"format": "pt"})
    config = json.loads((llama / "base/config.json").read_text())  # tied, so that no head has to be made up
    (out / "headless/config.json").write_text(json.dumps(config | {"tie_word_embeddings": True}, indent=2))
    expect(expected, "headless-lora", headless, {name.removeprefix("model."): tensor for name, tensor in merged.items()
                                                 if name != "lm_head.weight"})

    # whole checkpoints
    shard = {name: f"model-0000{1 + ('layers.1' in name)}-of-00002.safetensors" for name in merged}
    folder = out / "sharded"
    folder.mkdir()
    for file in sorted(set(shard.values())):
        save_file({name: tensor for name, tensor in merged.items() if shard[name] == file}, folder / file, {"format": "pt"})
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": shard}))
    shutil.copy(llama / "base/config.json", folder)
    (folder / "pytorch_model.bin").write_bytes(b"unedited")
    expect(expected, "sharded", base, merged)


def manifest(file: Path, base: str, checkpoints: dict[str, str]) -> None:
    lines = [f"  - {{id: {name}, uri: {uri}}}\n" for name, uri in checkpoints.items()]
    file.write_text(f"base: {{id: base, uri: {base}}}\ncheckpoints:\n" + "".join(lines))


def main(peft: Path, out: Path) -> None:
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    torch.set_num_threads(1)
    expected: dict[str, Tensor] = {}
    for model, kinds in PLAIN.items():
        base = load_file(peft / model / "base/model.safetensors")
        for kind in kinds:
            expect(expected, f"{model}/{kind}", base, load_file(peft / model / kind / "merged.safetensors"))
    own: dict[str, Tensor] = {}
    layouts(peft / "llama", out, own)
    expected |= {f"edits/{name}": tensor for name, tensor in own.items()}
    save_file(dict(sorted(expected.items())), out / "expected.safetensors")
    cases = sorted({name.split("/")[0] for name in own})
    places = {"torchtune": "torchtune/epoch_0"}
    unread = {"headless-lora", "insertion", "old-names"}  # another base, another model, names that today's PEFT does not find
    manifest(out / "llama.yaml", "../peft/llama/base",
             {kind: f"../peft/llama/{kind}" for kind in PLAIN["llama"] if "/" not in kind} |
             {case: places.get(case, case) for case in cases if case not in unread})
    manifest(out / "gpt2.yaml", "../peft/gpt2/base", {kind: f"../peft/gpt2/{kind}" for kind in PLAIN["gpt2"]})
    manifest(out / "headless.yaml", "headless", {"headless-lora": "../peft/llama/lora"})


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
