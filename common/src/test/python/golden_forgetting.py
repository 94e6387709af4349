"""Golden values of what predicts forgetting, from numpy, scipy and statsmodels in float64.

For each data set: the ladder of nested regressions (method, + norm, + stable rank, + count; the energy share in the count's place) on ranks and on
logarithms, each measure by itself, and each measure given each other one on ranks. Of every regression R-squared, the gain of the last term, the
p-value of its F test (statsmodels' compare_f_test), the correlation of the residuals of the last measure and of forgetting on the others (the partial
correlation), and Holm's correction (statsmodels) within a ladder of one scale, the measures by themselves, and the pairs.

Logarithms: ln(1 + x) of the count and the energy share, ln x of the others; forgetting as it is. On ranks everything but the method is ranked, within
each resample anew. A method of q levels is q - 1 columns of 0 and 1.

Intervals are 2.5 and 97.5 percentiles (linear interpolation) over 2000 resamples, of single checkpoints ("plain") and of whole sequences ("cluster", in
the order in which they first appear, their checkpoints in order; a checkpoint without a sequence is one by itself; none for fewer than 4). The indices
come from the Mersenne Twister as in golden_statistics.py. A resample is left out of a regression that it can't tell: if it has no more different
checkpoints than coefficients, if forgetting or a measure is constant, or if less than 1e-10 of a measure's variance is not explained by those before
it. A method that is constant in a resample has no column there.

A regression that has not 5 more checkpoints than coefficients has no figures.

Made-up data sets tell two cases apart: in "confounded" the norm drives both count and forgetting, in "caused" the count drives forgetting and the norm
goes along; both are balanced, so that the partial correlation of what does not matter is 0.

usage: golden_forgetting.py OUT
"""

import csv
import json
import sys
from pathlib import Path

import numpy as np
import statsmodels.api as sm
from scipy import stats
from statsmodels.stats.multitest import multipletests

TESTS = Path(__file__).resolve().parents[1]
ZOO_GOLDEN = TESTS / "resources/golden/zoo.json"
ZOO_EVALS = TESTS.parents[1] / "data/zoo/evals.csv"
RESAMPLES, SEED = 2000, 20241028
MIN_RESIDUAL, MIN_CLUSTERS, DETERMINED = 5, 4, 1e-10
MEASURES = ["intruder_count", "intruder_energy_share", "update_relative_norm", "update_effective_rank", "update_stable_rank", "update_mass"]
FROM_ZERO = {"intruder_count", "intruder_energy_share"}
LADDERS = [["method", "update_relative_norm", "update_stable_rank", last] for last in ("intruder_count", "intruder_energy_share")]

Observation = dict


def transformed(scale: str, measure: str, observation: Observation) -> float | None:
    value = observation["measures"].get(measure)
    if value is None or scale == "rank":
        return value
    if measure in FROM_ZERO:
        return float(np.log1p(value))
    return float(np.log(value)) if value > 0 else None


class Data:
    """The checkpoints that have all measures of a regression, and how to draw columns from them."""

    def __init__(self, observations: list[Observation], terms: list[str], scale: str):
        self.measures = [term for term in terms if term != "method"]
        kept = [one for one in observations if all(transformed(scale, m, one) is not None for m in self.measures)]
        self.n, self.scale, self.terms = len(kept), scale, terms
        self.values = {m: np.array([transformed(scale, m, one) for one in kept]) for m in self.measures}
        self.forgetting = np.array([one["forgetting"] for one in kept])
        self.methods = np.array([str(one["method"]) for one in kept])
        clusters: dict = {}
        for place, one in enumerate(kept):
            clusters.setdefault(one["sequence"] if one["sequence"] is not None else place, []).append(place)
        self.clusters = list(clusters.values())

    def blocks(self, drawn: np.ndarray) -> tuple[list[np.ndarray], np.ndarray]:
        """One block of columns for each term, and the response."""
        ranked = stats.rankdata if self.scale == "rank" else (lambda values: values)
        levels = sorted(set(self.methods[drawn]))[1:]
        dummies = np.array([[method == level for level in levels] for method in self.methods[drawn]], float).reshape(len(drawn), len(levels))
        return [dummies if t == "method" else ranked(self.values[t][drawn])[:, None] for t in self.terms], ranked(self.forgetting[drawn])


def last_steps(data: Data, drawn: np.ndarray) -> np.ndarray:
    """R2, gain and partial correlation of the last term for each row of indices, (rows, 3), NaN where there is none; by QR decompositions."""
    if "method" in data.terms and len(drawn) > 1:
        return np.concatenate([last_steps(data, row[None]) for row in drawn])
    rows = [data.blocks(row) for row in drawn] if len(drawn) == 1 else None
    if rows:
        blocks, y = rows[0][0], rows[0][1][None]
        blocks = [block[None] for block in blocks]
    else:
        ranked = (lambda values: stats.rankdata(values, axis=1)) if data.scale == "rank" else (lambda values: values)
        blocks, y = [ranked(data.values[t][drawn])[..., None] for t in data.terms], ranked(data.forgetting[drawn])
    told = np.full((len(drawn), 3), np.nan)
    x = np.concatenate(blocks, axis=2)
    if blocks[-1].shape[2] == 0:
        return told
    centred = np.concatenate([x, y[..., None]], axis=2)
    constant = (centred == centred[:, :1]).all(axis=1)
    centred = centred - centred.mean(axis=1, keepdims=True)
    r = np.linalg.qr(centred, mode="r")
    last, p = x.shape[2] - 1, x.shape[2]
    squares = (centred ** 2).sum(axis=1)
    good = np.array([len(set(row)) > p + 1 for row in drawn]) & ~constant[:, -1]
    if r.shape[1] <= p:
        return told
    with np.errstate(divide="ignore", invalid="ignore"):
        at = 0
        for term, block in zip(data.terms, blocks):
            for _ in range(block.shape[2]):
                determined = constant[:, at] | (r[:, at, at] ** 2 < DETERMINED * squares[:, at])
                good &= ~determined
                at += 1
        y_part = r[:, :, -1]
        unexplained = lambda of: (y_part[:, of:] ** 2).sum(axis=1) / squares[:, -1]
        r2, before = 1 - unexplained(p), 1 - unexplained(p - blocks[-1].shape[2])
        partial = np.sign(r[:, last, last]) * y_part[:, last] / np.sqrt((y_part[:, last:] ** 2).sum(axis=1))
    partial[(1 - before < DETERMINED) | (data.terms[-1] == "method")] = np.nan
    told[good] = np.stack([r2, np.maximum(0, r2 - before), partial], axis=1)[good]
    return told


def drawings(units: int) -> np.ndarray:
    bits = np.random.RandomState(SEED).randint(0, 2 ** 32, size=(RESAMPLES, units, 2), dtype=np.uint32).astype(np.uint64) >> np.uint64(6)
    return np.floor(units * ((bits[..., 0] * 2.0 ** 26 + bits[..., 1]) / 2.0 ** 52)).astype(int)


def interval(values: np.ndarray) -> dict | None:
    known = [value for value in values if not np.isnan(value)]
    return {"ends": np.percentile(known, [2.5, 97.5]).tolist(), "used": len(known)} if known else None


def spread(data: Data, units: list[list[int]]) -> dict:
    members = [np.concatenate([units[unit] for unit in drawn]) for drawn in drawings(len(units))]
    by_length: dict[int, list] = {}
    for one in members:
        by_length.setdefault(len(one), []).append(one)
    steps = np.concatenate([last_steps(data, np.array(ones)) for ones in by_length.values()])
    return {"gain": interval(steps[:, 1]), "partial": interval(steps[:, 2])}


def answer(observations: list[Observation], terms: list[str], scale: str, rung: int | None) -> dict:
    data = Data(observations, terms, scale)
    blocks, y = data.blocks(np.arange(data.n)) if data.n else ([np.empty((0, 1))], np.empty(0))
    predictors = sum(block.shape[1] for block in blocks)
    told = {"scale": scale, "rung": rung, "measures": terms, "n": data.n, "clusters": len(data.clusters), "r2": None}
    if data.n < predictors + 1 + MIN_RESIDUAL:
        return told
    r2, gain, partial = last_steps(data, np.arange(data.n)[None])[0]
    if np.isnan(gain):
        return told
    before = np.column_stack([np.ones((data.n, 1))] + blocks[:-1])
    whole = sm.OLS(y, np.column_stack([before] + blocks[-1:])).fit()
    small = sm.OLS(y, before).fit()
    np.testing.assert_allclose([whole.rsquared, whole.rsquared - small.rsquared], [r2, gain], atol=1e-12)
    if not np.isnan(partial):
        rest = [sm.OLS(column, before).fit().resid for column in (blocks[-1][:, 0], y)]
        np.testing.assert_allclose(partial, stats.pearsonr(*rest).statistic, atol=1e-12)
    return told | {
        "predictors": predictors, "r2": whole.rsquared, "gain": max(0.0, whole.rsquared - small.rsquared), "partial": partial,
        "p": whole.compare_f_test(small)[1] if 1 - r2 >= DETERMINED else 0.0,
        "plain": spread(data, [[i] for i in range(data.n)]),
        "cluster": spread(data, data.clusters) if len(data.clusters) >= MIN_CLUSTERS else None,
    }


def corrected(family: list[dict]) -> list[dict]:
    known = [row for row in family if row["r2"] is not None]
    if known:
        for row, adjusted in zip(known, multipletests([row["p"] for row in known], method="holm")[1]):
            row["p_holm"] = adjusted
    return family


def ladder(observations: list[Observation]) -> list[dict]:
    rows = []
    for scale in ("rank", "log"):
        with_count, with_energy = LADDERS
        rungs = [(with_count[:i + 1], i) for i in range(4)] + [(with_energy, 3)]
        rows += corrected([answer(observations, terms, scale, rung) for terms, rung in rungs])
    rows += corrected([answer(observations, [one], "rank", None) for one in MEASURES])
    return rows + corrected([answer(observations, [given, added], "rank", None) for given in MEASURES for added in MEASURES if given != added])


def observation(sequence, method, forgetting, **measures) -> Observation:
    return {"sequence": sequence, "method": method, "forgetting": forgetting, "measures": measures}


def balanced(cause: str, effect: str) -> list[Observation]:
    """Eight sequences of three steps: the cause grows with the step, effect and forgetting follow it with noise that is independent of it."""
    observations = []
    for repeat in (0, 1):
        for of_effect in (-0.25, 0.25):
            for of_forgetting in (-0.25, 0.25):
                for step in (1, 2, 3):
                    measures = {cause: float(step), effect: step + of_effect}
                    observations.append(observation(f"s{len(observations) // 3}", "lora", step + of_forgetting,
                                                    **{name: measures.get(name, 1.0) for name in ("intruder_count", "update_relative_norm")}))
    return observations


def made_up(n: int, sequences: int | None, methods: int, seed: int) -> list[Observation]:
    rng = np.random.default_rng(seed)
    observations = []
    for i in range(n):
        size = rng.normal()
        observations.append(observation(
            None if sequences is None else f"s{i % sequences}", f"m{rng.integers(methods)}", round(float(size + rng.normal()), 3),
            intruder_count=float(max(0, round(5 * size + 4 * rng.normal() + 5))), intruder_energy_share=round(float(1 / (1 + np.exp(-size - rng.normal()))), 2),
            update_relative_norm=round(float(np.exp(0.3 * size + 0.1 * rng.normal())), 4), update_effective_rank=round(float(3 + rng.random()), 3),
            update_stable_rank=round(float(1 + 3 * rng.random()), 3), update_mass=round(float(np.exp(0.4 * size)), 4)))
    return observations


def zoo(metric: str, which) -> list[Observation]:
    with ZOO_EVALS.open() as file:
        values = {row["checkpoint"]: float(row["value"]) for row in csv.DictReader(file) if row["metric"] == metric}
    observations = []
    for name, checkpoint in json.loads(ZOO_GOLDEN.read_text())["checkpoints"].items():
        if not which(name):
            continue
        matrices = list(checkpoint["matrices"].values())
        norms = np.array([m["update_norm"] for m in matrices])
        stable = (norms / np.array([m["update_spectral_norm"] for m in matrices])) ** 2
        base = norms / np.array([m["relative_update_norm"] for m in matrices])
        observations.append(observation(
            name.split("/")[0], name.split("/")[0].split("-")[0], values[name] - values["base"],
            intruder_count=float(checkpoint["intruders"]["left"]["0.5"]), intruder_energy_share=checkpoint["intruder_energy_share"],
            update_relative_norm=float(np.linalg.norm(norms) / np.linalg.norm(base)), update_effective_rank=float(np.mean([m["update_effective_rank"] for m in matrices])),
            update_stable_rank=float(stable.mean()), update_mass=float(np.linalg.norm(norms * stable ** 0.25))))
        observations[-1]["checkpoint"] = name
    return observations


def data_sets() -> dict[str, list[Observation]]:
    some_missing = made_up(20, 5, 1, 4)
    for i in (3, 7, 11):
        some_missing[i]["measures"]["update_stable_rank"] = None
        some_missing[i]["measures"]["update_relative_norm"] = 0.0
    determined = made_up(16, 4, 2, 5)
    for one in determined:
        one["measures"]["update_mass"] = 2 * one["measures"]["update_relative_norm"]
    return {
        "zoo-english": zoo("loss_english", lambda name: True),
        "zoo-english-lora": zoo("loss_english", lambda name: name.startswith("lora-")),
        "zoo-english-full": zoo("loss_english", lambda name: name.startswith("full")),
        "confounded": balanced("update_relative_norm", "intruder_count"),
        "caused": balanced("intruder_count", "update_relative_norm"),
        "three-methods": made_up(36, 12, 3, 1),
        "independent": made_up(24, None, 2, 2),
        "few-sequences": made_up(15, 3, 1, 3),
        "some-missing": some_missing,
        "determined": determined,
    }


def plain(value):
    if isinstance(value, dict):
        return {key: plain(v) for key, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, (float, np.floating)):
        return None if np.isnan(value) else float(value)
    return value


def main(out: Path) -> None:
    golden = {}
    for name, observations in data_sets().items():
        golden[name] = {"observations": observations, "rungs": ladder(observations)}
        for row in golden[name]["rungs"]:
            if row["r2"] is not None and (row["rung"] is not None or {"intruder_count", "update_relative_norm"} >= set(row["measures"])):
                print(f"{name:18}", row["scale"], row["rung"], row["measures"][-1], *(None if row[k] is None else round(row[k], 4) for k in ("r2", "gain", "partial", "p", "p_holm")),
                      row["cluster"] and row["cluster"]["partial"])
    out.write_text(json.dumps(plain({"data_sets": golden}), separators=(",", ":"), allow_nan=False) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
