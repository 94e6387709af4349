"""Golden values of critical strengths and of singular value thresholds, from numpy and scipy in float64.

The strength from which a rank-one update theta u v' of a base matrix brings a new singular value at z is D(z)^(-1/2), D the rectangular
D-transform of the base's spectrum (Benaych-Georges and Nadakuditi 2012, theorem 2.8). Values that lie above z count as zero. Evaluated at

  k     the k-th singular value
  edge  the upper edge of the bulk, as Marchenko and Pastur's law fits the median singular value; above it by the scale p^(-2/3) at which the
        largest value of noise fluctuates
  top   the first singular value

How well each tells matrices with intruders from those without is the area under the ROC curve of strength / ||dW||_2, with a percentile
bootstrap interval over whole sequences: the generator and the indexes of golden_forgetting.py.

Thresholds of Gavish and Donoho 2014, noise unknown: omega(beta) times the median singular value; here by quadrature over t, not over an angle.

usage: golden_strength.py ZOO OUT
"""

import json
import sys
from pathlib import Path

import numpy as np
import yaml
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.stats import mannwhitneyu

from golden_zoo import TOP_K, linear_weights

ZOO_VALUES = Path(__file__).resolve().parents[1] / "resources/golden/zoo.json"
CLEARANCE = 1e-3
RESAMPLES = 2000
SEED = 20241028
BETAS = (1.0, 0.75, 0.5, 1 / 3, 0.1, 0.01)


def median_of_noise(beta: float) -> float:
    """Median of Marchenko and Pastur's law: of the squared singular values of (p, q) noise of variance 1/q, beta = p/q."""
    low, high = (1 - np.sqrt(beta)) ** 2, (1 + np.sqrt(beta)) ** 2

    def above(x: float) -> float:  # t = high - s^2 takes the root at the upper end away
        return quad(lambda s: 2 * s * s * np.sqrt(high - s * s - low) / (2 * np.pi * beta * (high - s * s)), 0, np.sqrt(high - x),
                    epsabs=1e-11, epsrel=1e-11, limit=200)[0]

    return brentq(lambda x: above(x) - 0.5, low, high, xtol=1e-14, rtol=1e-14)


def threshold_factor(beta: float) -> float:
    known = np.sqrt(2 * (beta + 1) + 8 * beta / (beta + 1 + np.sqrt(beta**2 + 14 * beta + 1)))
    return known / np.sqrt(median_of_noise(beta))


def strength(s: np.ndarray, q: int, z: float, below: np.ndarray) -> float:
    p = len(s)
    counted = np.where(below, s, 0.0)
    phi = np.mean(z / (z**2 - counted**2))
    c = p / q
    return 1 / np.sqrt(phi * (c * phi + (1 - c) / z))


def strengths(s: np.ndarray, shape: tuple[int, int]) -> dict:
    p, q = min(shape), max(shape)
    index = np.arange(p)
    edge = np.median(s) * (1 + np.sqrt(p / q)) / np.sqrt(median_of_noise(p / q))
    return {"k": strength(s, q, s[TOP_K - 1] * (1 + CLEARANCE), index >= TOP_K),
            "edge": strength(s, q, edge * (1 + p ** (-2 / 3)), s <= edge),
            "top": strength(s, q, s[0] * (1 + CLEARANCE), index >= 1),
            "bulk_edge": edge, "above_edge": int((s > edge).sum())}


def area(margins: np.ndarray, intruders: np.ndarray) -> float:
    if intruders.all() or not intruders.any():
        return np.nan
    return mannwhitneyu(-margins[intruders], -margins[~intruders]).statistic / intruders.sum() / (~intruders).sum()


def draws(units: int) -> np.ndarray:
    """Indexes of each resample, (RESAMPLES, units): numbers of 52 bits from the Mersenne twister, as commons-math draws them."""
    bits = np.random.RandomState(SEED).randint(0, 2**32, size=(RESAMPLES, units, 2), dtype=np.uint32).astype(np.uint64) >> np.uint64(6)
    return ((bits[..., 0] << np.uint64(26) | bits[..., 1]) * 2.0**-52 * units).astype(int)


def interval(margins: np.ndarray, intruders: np.ndarray, clusters: list[np.ndarray]) -> dict:
    values = []
    for drawn in draws(len(clusters)):
        members = np.concatenate([clusters[i] for i in drawn])
        values.append(area(margins[members], intruders[members]))
    values = np.array(values)
    values = values[~np.isnan(values)]
    low, high = np.quantile(values, [0.025, 0.975])
    return {"low": low, "high": high, "resamples": len(values)}


def separation(margins: np.ndarray, intruders: np.ndarray, cluster_of: list[str]) -> dict:
    names = list(dict.fromkeys(cluster_of))
    clusters = [np.flatnonzero(np.array(cluster_of) == name) for name in names]
    return {"numbers": margins.tolist(), "positive": intruders.tolist(), "clusters": [names.index(name) for name in cluster_of],
            "auc": area(margins, intruders), **interval(margins, intruders, clusters)}


def main(zoo: Path, out: Path) -> None:
    manifest = yaml.safe_load((zoo / "manifest.yaml").read_text())
    golden = json.loads(ZOO_VALUES.read_text())["checkpoints"]
    base = linear_weights(zoo / manifest["base"]["uri"])
    matrices = {name: strengths(np.linalg.svd(w, compute_uv=False), w.shape) for name, w in sorted(base.items())}
    rows = [(sequence["sequence"], values["update_spectral_norm"], values["left"]["intruders"]["0.5"] > 0, name)
            for sequence in manifest["checkpoints"] for name, values in golden[sequence["id"]]["matrices"].items()]
    intruders = np.array([row[2] for row in rows])
    sets = {f"zoo {at}": separation(np.array([matrices[row[3]][at] / row[1] for row in rows]), intruders, [row[0] for row in rows])
            for at in ("k", "edge", "top")}
    rng = np.random.default_rng(20241028)
    sets |= {"ties": separation(rng.integers(1, 12, 60).astype(float), rng.random(60) < 0.4, [f"s{i}" for i in rng.integers(0, 7, 60)])}
    for name, one in sets.items():
        print(f"{name:10}", len(one["numbers"]), {key: one[key] for key in ("auc", "low", "high", "resamples")})
    for name, one in matrices.items():
        print(f"{name:45}", {key: round(value, 3) for key, value in one.items()})
    spectrum = np.sort(np.linalg.svd(rng.standard_normal((40, 90)) + 9 * np.outer(rng.standard_normal(40), rng.standard_normal(90)) / 10, compute_uv=False))[::-1]
    values = {
        "medians": {str(beta): median_of_noise(beta) for beta in BETAS},
        "threshold_factors": {str(beta): threshold_factor(beta) for beta in BETAS},
        "made_up": {"s": spectrum.tolist(), "rows": 90, "cols": 40, **strengths(spectrum, (90, 40))},
        "matrices": matrices,
        "separations": sets,
    }
    out.write_text(json.dumps(values, separators=(",", ":"), allow_nan=False) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
