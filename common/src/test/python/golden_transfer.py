"""Golden values of continual learning, from numpy in float64.

A matrix R has a row for each step of a sequence and a column for each metric; signs are turned so that more is better. After step k (from 1 on):

  forgetting from the best   max over l < k of R[l, j], less R[k, j]; NaN at the first step, and where an earlier step was not measured
  transfer                   R[k, j] - R[a, j], a the last step up to k that was tuned for j's task; NaN unless a < k
  average forgetting         mean of the first over the tasks, other than step k's, that steps before k were tuned for (Chaudhry et al. 2018)
  backward transfer          mean of the second over the same tasks (Lopez-Paz and Ranzato 2017); both NaN unless every term is known

Of the zoo's four sequences, and of made-up ones: six tasks, a task that comes twice, a hole in the measurements.

usage: golden_transfer.py OUT
"""

import csv
import json
import sys
from pathlib import Path

import numpy as np

ZOO_EVALS = Path(__file__).resolve().parents[3] / "data/zoo/evals.csv"


def measures(tasks: list[str], metrics: dict[str, str | None], values: np.ndarray, lower_is_better: bool) -> list[dict]:
    """tasks: of each step; metrics: metric -> the task it measures; values: (steps, metrics), NaN where nothing was measured."""
    r = -values if lower_is_better else values
    names = list(metrics)
    cells = []
    for k in range(len(tasks)):
        from_best = np.full(len(names), np.nan)
        transfer = np.full(len(names), np.nan)
        learned = [None] * len(names)
        for j, name in enumerate(names):
            if k > 0:
                from_best[j] = np.max(r[:k, j]) - r[k, j]  # NaN if any is
            steps = [i for i in range(k + 1) if tasks[i] == metrics[name]]
            if steps:
                learned[j] = steps[-1] + 1
                if steps[-1] < k:
                    transfer[j] = r[k, j] - r[steps[-1], j]
        before = {task for task in tasks[:k]} - {tasks[k]}
        old = [j for j, name in enumerate(names) if metrics[name] in before]
        whole = len(old) == len(before) and len(before) > 0
        for j, name in enumerate(names):
            if not np.isnan(values[k, j]):
                own = metrics[name] is not None
                cells.append({
                    "step": k + 1, "metric": name, "metric_task": metrics[name], "learned_at_step": learned[j],
                    "best_step": None if np.isnan(from_best[j]) else int(np.argmax(r[:k, j])) + 1,
                    "forgetting_from_best": from_best[j], "transfer": transfer[j], "tasks_before": len(before) if own else None,
                    "average_forgetting": from_best[old].mean() if own and whole else np.nan,
                    "backward_transfer": transfer[old].mean() if own and whole else np.nan})
    return cells


def case(tasks: list[str], metrics: dict[str, str | None], values: np.ndarray, lower_is_better: bool) -> dict:
    return {"tasks": tasks, "metrics": list(metrics), "values": values.tolist(), "lower_is_better": lower_is_better,
            "cells": measures(tasks, metrics, values, lower_is_better)}


def zoo(sequence: str) -> dict:
    tasks = ["python", "c", "javascript", "xml"]
    metrics = {"loss_english": None} | {f"loss_{task}": task for task in tasks}
    with ZOO_EVALS.open() as file:
        losses = {(row["checkpoint"], row["metric"]): float(row["value"]) for row in csv.DictReader(file)}
    values = np.array([[losses[f"{sequence}/{i + 1}-{task}", metric] for metric in metrics] for i, task in enumerate(tasks)])
    return case(tasks, metrics, values, True)


def plain(value):
    if isinstance(value, dict):
        return {key: plain(v) for key, v in value.items()}
    if isinstance(value, list):
        return [plain(v) for v in value]
    if isinstance(value, float):
        return None if np.isnan(value) else float(value)
    return value


def main(out: Path) -> None:
    rng = np.random.default_rng(20241028)
    six = ["mnli", "qqp", "sst-2", "siqa", "winogrande", "fever"]
    accuracies = {f"{task}/acc": task for task in six} | {"wikitext/acc": None}
    twice = ["a", "b", "a", "c"]
    hole = rng.random((4, 4)).round(4)
    hole[1, 0] = np.nan
    cases = {f"zoo-{sequence}": zoo(sequence) for sequence in ("full", "lora-r1", "lora-r8", "lora-r32")} | {
        "six": case(six, accuracies, rng.random((6, 7)).round(4), False),
        "twice": case(twice, {"loss_a": "a", "loss_b": "b", "loss_c": "c"}, rng.random((4, 3)).round(4), True),
        "hole": case(["a", "b", "c", "d"], {f"acc {task}": task for task in "abcd"}, hole, False),
    }
    for name, one in cases.items():
        last = one["cells"][-1]
        print(f"{name:10}", last["average_forgetting"], last["backward_transfer"])
    out.write_text(json.dumps(plain(cases), separators=(",", ":"), allow_nan=False) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
