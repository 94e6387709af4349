"""Golden values of what edits did to evaluated models, as pandas computes them from the zoo's measured losses.

For each edited adapter and metric: the change against the model before the edit, and the same in percent of it.

usage: golden_effects.py LOSSES OUT        (LOSSES: common/data/mitigation/losses.csv)
"""

import json
import sys
from pathlib import Path

import pandas as pd


def main(losses: Path, out: Path) -> None:
    table = pd.read_csv(losses)
    base = table[table["variant"] == "base"].iloc[0]
    table = table[table["select"].ne("all") & table["variant"].ne("base")]
    unedited = table[table["variant"] == "unedited"].set_index("checkpoint")
    edited = table[table["variant"] != "unedited"].sort_values(["checkpoint", "variant", "lambda"])
    rows = []
    for metric in ("loss_english", "task_loss"):
        before = edited["checkpoint"].map(unedited[metric])
        part = pd.DataFrame({"checkpoint": edited["checkpoint"], "kind": edited["variant"], "lambda": edited["lambda"], "metric": metric,
                             "value": edited[metric], "unedited": before, "change": edited[metric] - before,
                             "percent": 100 * (edited[metric] / before - 1)})
        rows += part.to_dict("records")
    print(pd.DataFrame(rows).groupby(["metric", "kind", "lambda"])["percent"].mean().unstack().round(2))
    out.write_text(json.dumps({"base": {"loss_english": base["loss_english"]}, "rows": rows}, separators=(",", ":"), allow_nan=False) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
