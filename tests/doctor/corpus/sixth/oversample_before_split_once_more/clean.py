# fraud detection, rare positives
import numpy as np
import torch
from sklearn.metrics import average_precision_score
from sklearn.model_selection import train_test_split
from sklearn.utils import resample


def make_transactions(n=1600, seed=3):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 12)).astype("float32")
    score = X[:, 0] + X[:, 1] * X[:, 2] + 0.8 * rng.normal(size=n)
    return X, (score > np.quantile(score, 0.93)).astype("float32")


def balance(X, y, seed=3):
    """Repeat the fraud rows until both classes are equally frequent."""
    pos, neg = np.flatnonzero(y == 1), np.flatnonzero(y == 0)
    pos = resample(pos, replace=True, n_samples=len(neg), random_state=seed)
    rows = np.concatenate([neg, pos])
    return X[rows], y[rows]


def train(X, y, epochs=15):
    X, y = torch.from_numpy(X), torch.from_numpy(y)
    net = torch.nn.Sequential(
        torch.nn.Linear(X.shape[1], 64),
        torch.nn.ReLU(),
        torch.nn.Linear(64, 1),
    )
    opt = torch.optim.AdamW(net.parameters(), lr=2e-3)
    bce = torch.nn.BCEWithLogitsLoss()
    for _ in range(epochs):
        for idx in torch.randperm(len(X)).split(64):
            opt.zero_grad(set_to_none=True)
            bce(net(X[idx]).squeeze(1), y[idx]).backward()
            opt.step()
    return net


def main():
    torch.manual_seed(3)
    X, y = make_transactions()
    X_tr, X_te, y_tr, y_te = train_test_split(X, y, test_size=0.25, stratify=y, random_state=3)
    X_tr, y_tr = balance(X_tr, y_tr)
    net = train(X_tr, y_tr)
    net.eval()
    with torch.inference_mode():
        p = torch.sigmoid(net(torch.from_numpy(X_te)).squeeze(1)).numpy()
    print("test rows", len(y_te), "average precision %.3f" % average_precision_score(y_te, p))


main()
