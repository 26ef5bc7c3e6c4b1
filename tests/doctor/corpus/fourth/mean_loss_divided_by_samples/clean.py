import numpy as np
import torch
from torch import nn, optim
from torch.utils.data import DataLoader, Subset, TensorDataset


def make_data(n=1000, seed=0):
    rs = np.random.RandomState(seed)
    X = rs.randn(n, 8)
    w = rs.randn(8)
    logit = X @ w + 0.7 * X[:, 0] * X[:, 1]
    y = (rs.rand(n) < 1 / (1 + np.exp(-logit))).astype(np.float32)
    return TensorDataset(torch.from_numpy(X).float(), torch.from_numpy(y))


def epoch_pass(net, dl, crit, opt=None):
    """One pass; trains when an optimizer is given. Returns (mean loss per sample, accuracy)."""
    training = opt is not None
    net.train(training)
    loss_sum, hits = 0.0, 0
    with torch.set_grad_enabled(training):
        for xb, yb in dl:
            out = net(xb).squeeze(-1)
            loss = crit(out, yb)
            if training:
                opt.zero_grad()
                loss.backward()
                opt.step()
            loss_sum += loss.item() * xb.size(0)
            hits += ((out > 0) == yb.bool()).sum().item()
    n = len(dl.dataset)
    return loss_sum / n, hits / n


def main(epochs=8):
    torch.manual_seed(0)
    ds = make_data()
    order = np.random.RandomState(1).permutation(len(ds)).tolist()
    tr = DataLoader(Subset(ds, order[:700]), batch_size=64, shuffle=True)
    va = DataLoader(Subset(ds, order[700:]), batch_size=100)
    net = nn.Sequential(nn.Linear(8, 32), nn.GELU(), nn.Linear(32, 1))
    crit = nn.BCEWithLogitsLoss()
    opt = optim.AdamW(net.parameters(), lr=3e-3)
    log = {"train": [], "valid": []}
    for ep in range(epochs):
        log["train"].append(epoch_pass(net, tr, crit, opt))
        log["valid"].append(epoch_pass(net, va, crit))
        (tl, ta), (vl, va_acc) = log["train"][-1], log["valid"][-1]
        print(f"{ep}: train {tl:.4f}/{ta:.3f}  valid {vl:.4f}/{va_acc:.3f}")
    print(f"perplexity of the labels: {np.exp(log['valid'][-1][0]):.3f}")


if __name__ == "__main__":
    main()
