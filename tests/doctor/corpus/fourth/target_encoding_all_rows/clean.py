#!/usr/bin/env python3
"""Will the customer cancel? Postal code (many values), tariff and two numbers."""
import numpy as np
import torch
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import OneHotEncoder, StandardScaler, TargetEncoder
from torch import nn

SEED = 31


def customers(n: int = 2000) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(SEED)
    codes = rng.integers(10_000, 99_999, size=700)
    postal = rng.choice(codes, size=n)
    tariff = rng.choice(["basic", "plus", "family"], size=n)
    numbers = np.column_stack([rng.gamma(2.0, 15.0, size=n), rng.integers(0, 60, size=n)])
    logit = 0.6 * (tariff == "basic") - 0.02 * numbers[:, 1] + 0.01 * numbers[:, 0]
    y = (rng.random(n) < 1 / (1 + np.exp(-logit))).astype(int)
    return postal.reshape(-1, 1).astype(str), tariff.reshape(-1, 1), numbers, y


def features():
    postal, tariff, numbers, y = customers()
    tr, te = train_test_split(np.arange(len(y)), test_size=0.3, stratify=y, random_state=SEED)
    encoder = TargetEncoder(target_type="binary", smooth=1.0)
    code_tr = encoder.fit_transform(postal[tr], y[tr])
    code_te = encoder.transform(postal[te])
    onehot = OneHotEncoder(sparse_output=False).fit(tariff[tr])
    scaler = StandardScaler().fit(numbers[tr])
    join = lambda code, rows: np.hstack([code, onehot.transform(tariff[rows]), scaler.transform(numbers[rows])])
    return join(code_tr, tr), join(code_te, te), y[tr], y[te]


def fit(net: nn.Module, x: torch.Tensor, y: torch.Tensor, epochs: int = 20) -> None:
    opt = torch.optim.Adam(net.parameters(), lr=3e-3, weight_decay=1e-4)
    loss_fn = nn.BCEWithLogitsLoss()
    net.train()
    for _ in range(epochs):
        for rows in torch.randperm(len(x)).split(64):
            opt.zero_grad()
            loss_fn(net(x[rows])[:, 0], y[rows]).backward()
            opt.step()


def main() -> None:
    torch.manual_seed(SEED)
    x_tr, x_te, y_tr, y_te = features()
    net = nn.Sequential(nn.Linear(x_tr.shape[1], 24), nn.ReLU(), nn.Linear(24, 1))
    fit(net, torch.tensor(x_tr, dtype=torch.float32), torch.tensor(y_tr, dtype=torch.float32))
    net.eval()
    with torch.no_grad():
        prob = net(torch.tensor(x_te, dtype=torch.float32)).sigmoid()[:, 0].numpy()
    print(f"AUC {roc_auc_score(y_te, prob):.3f}  log loss {log_loss(y_te, prob):.3f}")


if __name__ == "__main__":
    main()
