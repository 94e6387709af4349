"""Loss of edited zoo models on held-out text: what a mitigation costs the task and gives back to the base.

The zoo's own held-out texts are not kept, so these stand in: english.txt (this project's documentation), python.txt (its oracle scripts) and
xml.txt (its Maven files), as they were when this was run. None was in the zoo's training texts. A loss is the mean cross-entropy per byte over all
windows of 128 bytes, in float32. There is no C and no JavaScript here, so the checkpoints tuned for those last have no task loss.

Reads what `intruders mitigate` wrote for the zoo's adapters, loads each with PEFT and merges it. Variants with lambda 1 are the unedited model and
are measured once.

usage: evaluate.py ZOO CSV OUT [OUT ...]        (OUT: output folders of `intruders mitigate`)
"""

import csv
import json
import sys
from pathlib import Path

import numpy as np
import torch
from peft import PeftModel
from transformers import LlamaForCausalLM
from transformers.utils.logging import disable_progress_bar

CONTEXT = 128
TEXTS = {path.stem: path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.txt"))}
COLUMNS = ["checkpoint", "select", "variant", "lambda", *[f"loss_{text}" for text in TEXTS], "task_loss"]


def load(folder: Path) -> LlamaForCausalLM:
    return LlamaForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()


@torch.no_grad()
def losses(model: LlamaForCausalLM) -> dict[str, float]:
    result = {}
    for name, text in TEXTS.items():
        data = np.frombuffer(text, dtype=np.uint8).astype(np.int64)
        windows = torch.from_numpy(data[:len(data) // CONTEXT * CONTEXT].reshape(-1, CONTEXT))
        total = sum(model(input_ids=batch, labels=batch).loss.item() * len(batch) for batch in windows.split(64))
        result[f"loss_{name}"] = round(total / len(windows), 5)
    return result


def row(checkpoint: str, select: str, variant: str, factor: float, model: LlamaForCausalLM) -> dict:
    measured = losses(model)
    task = checkpoint.rsplit("-", 1)[-1]
    return {"checkpoint": checkpoint, "select": select, "variant": variant, "lambda": factor, **measured, "task_loss": measured.get(f"loss_{task}")}


def main(zoo: Path, out: Path, mitigated: list[Path]) -> None:
    disable_progress_bar()
    torch.set_num_threads(2)
    rows = [row("base", "", "base", "", load(zoo / "base"))]
    unedited = set()
    for folder in mitigated:
        for marker in sorted(folder.glob("mitigated/lora-*/**/mitigation.json")):
            said = json.loads(marker.read_text())
            checkpoint, variant = said["checkpoint_id"], said["variant"].split("-l")[0]
            if said["lambda"] == 1:
                if checkpoint in unedited:
                    continue
                unedited.add(checkpoint)
                variant, said["selection"] = "unedited", ""
            model = PeftModel.from_pretrained(load(zoo / "base"), marker.parent).merge_and_unload()
            rows.append(row(checkpoint, said["selection"], variant, said["lambda"], model))
    with out.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), [Path(folder) for folder in sys.argv[3:]])
