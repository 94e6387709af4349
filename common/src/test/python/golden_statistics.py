"""Golden values of rank correlations and their p-values, from scipy.

For each data set: Spearman's rho with the two-sided p of the t approximation (n - 2 degrees of freedom), the two-sided exact permutation p where
n <= 8, and Kendall's tau-b with scipy's p by the default method, the asymptotic and, without ties, the exact one. Undefined values (a constant
input) are null. The exact p of Spearman is

    #{permutations pi of y : |rho(x, pi(y))| >= |rho(x, y)| - 1e-12} / n!

The bootstrap interval is the 2.5 and 97.5 percentile (linear interpolation) of rho over 2000 resamples of the pairs. Their indices come from the
Mersenne Twister, seeded with 20241028: two 32-bit outputs a and b make the index floor(n * ((a >> 6) * 2**26 + (b >> 6)) / 2**52), one resample after
the other. A resample with a constant side has no rho and is left out; "used" counts the others.

Beside the made-up data sets: intruders against forgetting in the zoo, read from what golden_zoo.py wrote, and the p-values of the paper's four pairs
(rho, n).

usage: golden_statistics.py OUT
"""

import csv
import itertools
import json
import math
import sys
from pathlib import Path

import numpy as np
from scipy import stats

TESTS = Path(__file__).resolve().parents[1]
ZOO_GOLDEN = TESTS / "resources/golden/zoo.json"
ZOO_EVALS = TESTS.parents[1] / "data/zoo/evals.csv"
EXACT_LIMIT = 8
RESAMPLES, SEED = 2000, 20241028
PAPER = [(0.971, 15), (0.59, 30), (-0.338, 15), (-0.318, 30)]

Pair = tuple[list[float], list[float]]


def data_sets() -> dict[str, Pair]:
    rng = np.random.default_rng(20241028)

    def noisy(n: int, slope: float, decimals: int) -> Pair:
        x = rng.normal(size=n).round(decimals)
        return x.tolist(), (slope * x + rng.normal(size=n)).round(decimals).tolist()

    return {
        "three": ([1, 2, 3], [2, 1, 3]),
        "four": ([0.1, 0.4, 0.2, 0.9], [3, 5, 4.5, 4]),
        "four-tied": ([1, 1, 2, 3], [4, 2, 2, 7]),
        "five-negative": ([1, 2, 3, 4, 5], [9, 7, 8, 2, 1]),
        "eight": noisy(8, 1.0, 3),
        "eight-tied": ([0, 0, 0, 1, 1, 2, 3, 5], [0.2, 0.1, 0.3, 0.3, 0.9, 0.3, 0.8, 1.1]),
        "nine-uncorrelated": ([1, 2, 3, 4, 5, 6, 7, 8, 9], [5, 1, 9, 3, 7, 4, 6, 8, 2]),
        "increasing": ([1, 2, 3, 4, 5, 6, 7], [1, 4, 9, 16, 25, 36, 49]),
        "decreasing": ([1, 2, 3, 4, 5, 6, 7], [7, 6, 5, 4, 3, 2, 1]),
        "fifteen": noisy(15, 1.5, 4),
        "fifteen-tied": noisy(15, 1.5, 0),
        "thirty": noisy(30, 0.7, 4),
        "thirty-tied-negative": noisy(30, -0.8, 0),
        "forty-monotone-large": (list(range(40)), [math.exp(i) for i in range(40)]),
        "constant": ([1, 2, 3, 4], [5, 5, 5, 5]),
    }


def zoo_data_sets() -> dict[str, Pair]:
    """Left intruders at epsilon 0.5 against the rise of the English loss over the base's."""
    counts = {name: c["intruders"]["left"]["0.5"] for name, c in json.loads(ZOO_GOLDEN.read_text())["checkpoints"].items()}
    with ZOO_EVALS.open() as file:
        losses = {row["checkpoint"]: float(row["value"]) for row in csv.DictReader(file) if row["metric"] == "loss_english"}

    def pair(names: list[str]) -> Pair:
        return [counts[name] for name in names], [losses[name] - losses["base"] for name in names]

    return {"zoo-all": pair(list(counts)), "zoo-lora": pair([name for name in counts if name.startswith("lora-")])}


def exact_spearman_p(x: list[float], y: list[float]) -> float:
    rx, ry = stats.rankdata(x) - (len(x) + 1) / 2, stats.rankdata(y) - (len(y) + 1) / 2
    rhos = np.array(list(itertools.permutations(ry))) @ rx / (np.linalg.norm(rx) * np.linalg.norm(ry))
    return float(np.mean(np.abs(rhos) >= abs(rhos[0]) - 1e-12))  # the first permutation is the identity


def bootstrap(x: list[float], y: list[float]) -> dict:
    n = len(x)
    bits = np.random.RandomState(SEED).randint(0, 2 ** 32, size=(RESAMPLES, n, 2), dtype=np.uint32).astype(np.uint64) >> np.uint64(6)
    indices = np.floor(n * ((bits[..., 0] * 2.0 ** 26 + bits[..., 1]) / 2.0 ** 52)).astype(int)
    resamples = [(np.array(x)[i], np.array(y)[i]) for i in indices]
    resamples = [(a, b) for a, b in resamples if len(set(a)) > 1 and len(set(b)) > 1]

    def interval(rho) -> list[float] | None:
        return np.percentile([rho(a, b).statistic for a, b in resamples], [2.5, 97.5]).tolist() if resamples else None

    return {"used": len(resamples), "spearman": interval(stats.spearmanr), "kendall": interval(stats.kendalltau)}


def t_approximation_p(rho: float, n: int) -> float:
    return float(2 * stats.t.sf(abs(rho) * math.sqrt((n - 2) / (1 - rho ** 2)), n - 2))


def correlate(x: list[float], y: list[float]) -> dict:
    defined = len(set(x)) > 1 and len(set(y)) > 1
    tied = len(set(x)) < len(x) or len(set(y)) < len(y)
    spearman = stats.spearmanr(x, y)
    tau = {method: stats.kendalltau(x, y, method=method) for method in ["auto", "asymptotic"] + ([] if tied else ["exact"])}
    return {
        "x": x, "y": y, "n": len(x), "tied": tied,
        "spearman": {"rho": spearman.statistic, "p": spearman.pvalue,
                     "p_exact": exact_spearman_p(x, y) if defined and len(x) <= EXACT_LIMIT else None},
        "kendall": {"tau_b": tau["auto"].statistic, "p": tau["auto"].pvalue, "p_asymptotic": tau["asymptotic"].pvalue,
                    "p_exact": None if tied else tau["exact"].pvalue},
        "bootstrap": bootstrap(x, y),
    }


def plain(value):
    """JSON types: NaN as null. Inputs and results keep all their digits."""
    if isinstance(value, dict):
        return {key: plain(v) for key, v in value.items()}
    if isinstance(value, list):
        return [plain(v) for v in value]
    if isinstance(value, float):
        return None if math.isnan(value) else float(value)
    return value


def main(out: Path) -> None:
    golden = plain({
        "data_sets": {name: correlate(x, y) for name, (x, y) in (data_sets() | zoo_data_sets()).items()},
        "paper": [{"rho": rho, "n": n, "p": t_approximation_p(rho, n)} for rho, n in PAPER],
    })
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(golden, indent=1, allow_nan=False) + "\n")
    for name, values in golden["data_sets"].items():
        print(f"{name:22}", values["spearman"], values["kendall"])
    print(golden["paper"])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
