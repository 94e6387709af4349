"""Checkpoints in every format that is read, each beside a safetensors twin with the same values.

    torch/NAME        as torch.save writes it, and as the formats' own users do: nested, sharded, with views, in the format before PyTorch 1.6
    fp8/KIND/         FP8 weights with their scales, in one file or two
    gguf/NAME         as the gguf package of llama.cpp writes it
    adapter-bin/      an adapter of golden_peft.py, its tensors as torch.save writes them

A twin is called NAME.twin.safetensors. It holds what the library itself reads back from the file, so that the
Java readers are compared with torch and gguf and not with what this script meant to write. Shares no code with them.

usage: golden_formats.py OUT
"""

import json
import shutil
import sys
from pathlib import Path

import gguf
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

F = gguf.GGMLQuantizationType
PEFT = Path(__file__).parent.parent / "resources/fixtures/peft/llama/lora"


def save_twin(tensors: dict[str, Tensor], file: Path) -> None:
    save_file({name: tensor.detach().contiguous().clone() for name, tensor in tensors.items()}, file)


def save_torch(content, file: Path, state_dict=lambda loaded: loaded, **options) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    torch.save(content, file, **options)
    save_twin(state_dict(torch.load(file, weights_only=True)), file.with_suffix(file.suffix + ".twin.safetensors"))


def every_type() -> dict[str, Tensor]:
    numbers = torch.randn(3, 4, dtype=torch.float64)
    numbers[0, 0], numbers[1, 2] = -0.0, 1e-40  # a zero with a sign, and a number that single precision holds with few digits only
    types = [torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.float8_e4m3fn, torch.float8_e5m2]
    whole = [torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool, torch.uint16, torch.uint32, torch.uint64]
    tensors = {str(dtype).removeprefix("torch.") + ".weight": numbers.to(dtype) for dtype in types}
    tensors |= {str(dtype).removeprefix("torch.") + ".weight": torch.arange(12).reshape(3, 4).to(dtype) for dtype in whole}
    return tensors | {"complex64.weight": torch.complex(numbers, numbers).to(torch.complex64)}


def views() -> dict[str, Tensor]:
    whole = torch.randn(6, 5)
    return {
        "whole.weight": whole,
        "rows.weight": whole[2:4],  # shares the storage, from an offset on
        "tied.weight": whole,
        "transposed.weight": whole.t(),
        "half-transposed.weight": torch.randn(2, 3).to(torch.bfloat16).t(),
        "row.weight": torch.randn(4, 1).t(),  # one row: by rows and by columns at once
        "parameter.weight": nn.Parameter(torch.randn(2, 2)),
        "vector": torch.randn(3),
        "scalar": torch.tensor(3.0),
        "empty.weight": torch.zeros(0, 3),
        "experts": torch.randn(2, 3, 4),
    }


def steps() -> dict[str, Tensor]:
    whole = torch.randn(6, 5)
    return {
        "every-second.weight": whole[::2],
        "columns.weight": whole[:, 1:3],
        "expanded.weight": torch.randn(1, 3).expand(4, 3),
        "turned.experts": torch.randn(2, 3, 4).transpose(1, 2),
        "good.weight": torch.randn(2, 2),
    }


class Model(nn.Module):
    """Anything that a user may have pickled whole."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 2)


def make_torch(out: Path) -> None:
    torch.manual_seed(1)
    save_torch(every_type(), out / "types.bin")
    save_torch(views(), out / "views.pt")
    torch.save(steps(), out / "steps.pt")
    save_torch(Model().state_dict(), out / "module.pth")
    training = {"epoch": 3, "loss": 0.25, "done": False, "note": None, "steps": [1, 2, 70000, 1 << 40], "optimizer": {"state": {0: {"m": torch.ones(2)}}}}
    for name in ["state_dict", "model"]:
        save_torch(training | {name: Model().state_dict()}, out / f"nested-{name}.pt", lambda loaded, name=name: loaded[name])
    torch.save({"model": {"a": torch.ones(1)}, "state_dict": {"a": torch.ones(1)}}, out / "ambiguous.pt")
    torch.save({"w": torch.ones(2, 2)}, out / "legacy.bin", _use_new_zipfile_serialization=False)
    torch.save(Model(), out / "whole-model.pt")
    torch.save({"w": torch.ones(2, 2)}, out / "protocol-4.pt", pickle_protocol=4)
    torch.save({"w": torch.ones(2, 2).to_sparse()}, out / "sparse.pt")
    sharded = out / "sharded"
    sharded.mkdir()
    shards = {"pytorch_model-00001-of-00002.bin": {"a.weight": torch.randn(3, 2)}, "pytorch_model-00002-of-00002.bin": {"b.weight": torch.randn(2, 3)}}
    for file, tensors in shards.items():
        torch.save(tensors, sharded / file)
    weight_map = {name: file for file, tensors in shards.items() for name in tensors}
    (sharded / "pytorch_model.bin.index.json").write_text(json.dumps({"metadata": {"total_size": 48}, "weight_map": weight_map}, indent=2) + "\n")
    save_twin({name: tensor for tensors in shards.values() for name, tensor in tensors.items()}, out / "sharded.twin.safetensors")


def make_trainers(out: Path) -> None:
    """What trainers write beside a state dict: nanoGPT's train.py, and Lightning with an optimiser, a callback and hyperparameters."""
    torch.manual_seed(3)
    model = nn.Sequential(nn.Linear(5, 4), nn.Linear(4, 3))
    optimizer = torch.optim.AdamW(model.parameters())
    model(torch.randn(2, 5)).sum().backward()
    optimizer.step()
    nano = {"model": {f"_orig_mod.{name}": tensor for name, tensor in model.state_dict().items()}, "optimizer": optimizer.state_dict(),
            "model_args": dict(n_layer=2, n_head=2, bias=False, dropout=0.0), "iter_num": 2000, "best_val_loss": torch.tensor(1.25),
            "config": {"out_dir": "out", "learning_rate": 6e-4, "compile": True, "seed": 2**64 - 1}}
    save_torch(nano, out / "nanogpt.pt", lambda loaded: loaded["model"])
    checkpoint = "ModelCheckpoint{'monitor': 'loss', 'mode': 'min', 'every_n_train_steps': 0}"
    lightning = {"epoch": 1, "global_step": 10, "pytorch-lightning_version": "2.5.0", "state_dict": model.state_dict(), "loops": {"fit_loop": {"state_dict": {}, "total": None}},
                 "callbacks": {checkpoint: {"monitor": "loss", "best_model_score": torch.tensor(0.5), "best_k_models": {"/a/last.ckpt": torch.tensor(0.5)}}},
                 "optimizer_states": [optimizer.state_dict()], "lr_schedulers": [{"last_epoch": 1, "_last_lr": [1e-3]}], "hparams_name": "kwargs", "hyper_parameters": {"width": 4, "name": "x"}}
    save_torch(lightning, out / "lightning.ckpt", lambda loaded: loaded["state_dict"])


def scaled(weight: Tensor, scale: Tensor, block: tuple[int, int]) -> Tensor:
    """What the 8-bit numbers stand for, in float64, where every product is exact."""
    spread = scale.double().repeat_interleave(block[0], 0).repeat_interleave(block[1], 1)
    return weight.double() * spread[: weight.shape[0], : weight.shape[1]]


def make_fp8(out: Path) -> None:
    torch.manual_seed(2)

    def weight(rows: int, cols: int, dtype=torch.float8_e4m3fn) -> Tensor:
        return (20 * torch.randn(rows, cols)).to(dtype)

    def save(kind: str, block: tuple[int, int], scales: dict[str, Tensor], weights: dict[str, Tensor], config: bool) -> None:
        """scales: by the name they have in the file; weights: in the same order."""
        folder = out / kind
        folder.mkdir(parents=True)
        files = {"model-00001-of-00002.safetensors": weights, "model-00002-of-00002.safetensors": scales}
        for file, tensors in files.items():
            save_file(tensors, folder / file)
        weight_map = {name: file for file, tensors in files.items() for name in tensors}
        (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": weight_map}, indent=2) + "\n")
        if config:
            quantization = {"quant_method": "fp8", "weight_block_size": list(block)}
            (folder / "config.json").write_text(json.dumps({"model_type": "deepseek_v3", "quantization_config": quantization}, indent=2) + "\n")
        twins = {}
        for (name, tensor), scale in zip(weights.items(), scales.values(), strict=True):
            grid = scale.reshape(1, 1) if scale.numel() == 1 else scale.reshape(scale.shape[0], -1)
            twins[name] = scaled(tensor, grid, block)
        save_file(twins, out / f"{kind}.twin.safetensors")

    one, two = "layers.0.q_proj.weight", "layers.0.up_proj.weight"
    blocks = {one: weight(10, 20), two: weight(7, 9, torch.float8_e5m2)}
    save("blocks", (4, 8), {f"{one}_scale_inv": torch.rand(3, 3), f"{two}_scale_inv": torch.rand(2, 2)}, blocks, config=True)
    save("large-blocks", (128, 128), {f"{one}_scale_inv": torch.rand(2, 1), f"{two}_scale_inv": torch.rand(1, 2)},
         {one: weight(130, 3), two: weight(2, 129)}, config=True)
    powers = torch.tensor([[0.25, 2.0, 2.0**-40]]).to(torch.float8_e8m0fnu)
    save("dot-scale", (4, 8), {"layers.0.q_proj.scale": powers, "layers.0.up_proj.scale": powers[:, :1].clone()},
         {one: weight(4, 20), two: weight(3, 5)}, config=True)
    save("whole", (100, 100), {f"{one}_scale": torch.tensor(0.125), f"{two}_scale": torch.tensor([0.3])}, {one: weight(3, 4), two: weight(4, 3)}, config=False)
    save("rows", (1, 100), {f"{one}_scale": torch.rand(3, 1).to(torch.bfloat16), f"{two}_scale": torch.rand(4)}, {one: weight(3, 4), two: weight(4, 3)},
         config=False)


def save_gguf(file: Path, tensors: dict[str, Tensor], quantised: dict[str, gguf.GGMLQuantizationType] = {}, alignment: int | None = None) -> None:
    """The twin holds what the package's own reader finds, under the shapes it gives arrays, which are torch's."""
    writer = gguf.GGUFWriter(file, "llama")
    if alignment:
        writer.add_custom_alignment(alignment)
    writer.add_block_count(2)
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list(["<s>", "a", "bc"])  # a list of texts to step over
    writer.add_token_scores([0.5, 1.5, 2.5])
    for name, tensor in tensors.items():
        kind = quantised.get(name) or {torch.float32: F.F32, torch.float16: F.F16, torch.bfloat16: F.BF16, torch.float64: F.F64}[tensor.dtype]
        if kind is F.F64:
            writer.add_tensor(name, tensor.numpy())
        else:
            writer.add_tensor(name, gguf.quantize(tensor.float().numpy(), kind), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    twins = {}
    for found in gguf.GGUFReader(file).tensors:
        if found.name not in quantised:
            data = torch.from_numpy(found.data.copy())
            twins[found.name] = data.view(torch.bfloat16) if found.tensor_type is F.BF16 else data
    save_file(twins, file.with_suffix(".gguf.twin.safetensors"))


def make_gguf(out: Path) -> None:
    out.mkdir()
    torch.manual_seed(3)
    layer = {
        "token_embd.weight": torch.randn(5, 6),
        "blk.0.attn_q.weight": torch.randn(4, 6).half(),
        "blk.0.attn_norm.weight": torch.randn(6),
        "blk.1.ffn_down.weight": torch.randn(6, 3).bfloat16(),
        "blk.1.ffn_up_exps.weight": torch.randn(2, 3, 4),
        "blk.1.ffn_gate.weight": torch.randn(3, 6).double(),
        "output.weight": torch.randn(5, 6),
    }
    save_gguf(out / "plain.gguf", layer)
    save_gguf(out / "aligned.gguf", layer, alignment=64)
    save_gguf(out / "quantised.gguf", {name: torch.randn(2, 256) for name in ["blk.0.attn_q.weight", "blk.0.attn_k.weight", "blk.0.attn_v.weight"]},
              {"blk.0.attn_q.weight": F.Q8_0, "blk.0.attn_v.weight": F.Q8_0})


def make_adapter(out: Path) -> None:
    out.mkdir()
    shutil.copy(PEFT / "adapter_config.json", out)
    torch.save(load_file(PEFT / "adapter_model.safetensors"), out / "adapter_model.bin")


def main(out: Path) -> None:
    torch.set_num_threads(1)
    shutil.rmtree(out, ignore_errors=True)
    (out / "torch").mkdir(parents=True)
    make_torch(out / "torch")
    make_trainers(out / "torch")
    make_fp8(out / "fp8")
    make_gguf(out / "gguf")
    make_adapter(out / "adapter-bin")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
