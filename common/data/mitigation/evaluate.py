"""Loss of edited zoo models on held-out text: what a mitigation costs the task and gives back to the base.

The zoo's own held-out texts are not kept, so these stand in: english.txt (this project's documentation), python.txt (its oracle scripts) and
xml.txt (its Maven files), as they were when this was run. None was in the zoo's training texts. A loss is the mean cross-entropy per byte over the
first 96 windows of 128 bytes, in float32. There is no C and no JavaScript here, so the checkpoints tuned for those last have no task loss.

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
MAX_WINDOWS = 96
COLUMNS = ["checkpoint", "select", "variant", "lambda", "loss_english", "task_loss"]


def load(folder: Path) -> LlamaForCausalLM:
    return LlamaForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()


@torch.no_grad()
def loss(model: LlamaForCausalLM, text: str) -> float | None:
    if text not in TEXTS:
        return None
    data = np.frombuffer(TEXTS[text], dtype=np.uint8).astype(np.int64)
    windows = torch.from_numpy(data[:len(data) // CONTEXT * CONTEXT].reshape(-1, CONTEXT)[:MAX_WINDOWS])
    return round(model(input_ids=windows, labels=windows).loss.item(), 5)


def row(checkpoint: str, select: str, variant: str, factor: float | str, model: LlamaForCausalLM) -> dict:
    task = checkpoint.rsplit("-", 1)[-1]
    return {"checkpoint": checkpoint, "select": select, "variant": variant, "lambda": factor, "loss_english": loss(model, "english"),
            "task_loss": loss(model, task)}


def main(zoo: Path, out: Path, mitigated: list[Path]) -> None:
    disable_progress_bar()
    torch.set_num_threads(1)
    unedited = set()
    with out.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerow(row("base", "", "base", "", load(zoo / "base")))
        for marker in [marker for folder in mitigated for marker in sorted(folder.glob("mitigated/lora-*/**/mitigation.json"))]:
            said = json.loads(marker.read_text())
            checkpoint, variant = said["checkpoint_id"], said["variant"].split("-l")[0]
            if said["lambda"] == 1:
                if checkpoint in unedited:
                    continue
                unedited.add(checkpoint)
                variant, said["selection"] = "unedited", ""
            model = PeftModel.from_pretrained(load(zoo / "base"), marker.parent).merge_and_unload()
            writer.writerow(row(checkpoint, said["selection"], variant, said["lambda"], model))
            file.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), [Path(folder) for folder in sys.argv[3:]])
