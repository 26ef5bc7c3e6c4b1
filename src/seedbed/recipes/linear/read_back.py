"""Print the coefficients of a linear run beside those that were planted: ``python read_back.py RUN``."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from seedbed.checkpoint.weights import read_weights

PLANTED, INTERCEPT = [2.0, -3.4, 0.5, 0.0], 4.2


def read_back(run: Path) -> tuple[list[float], float]:
    """Coefficients and intercept in the best checkpoint of a run of this recipe."""
    weights = read_weights(run)
    return weights["linear.weight"][0].tolist(), weights["linear.bias"].item()


if __name__ == "__main__":
    coefficients, intercept = read_back(Path(sys.argv[1]))
    print(json.dumps({"found": [*coefficients, intercept], "planted": [*PLANTED, INTERCEPT]}))
