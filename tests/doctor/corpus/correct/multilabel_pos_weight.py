# -*- coding: utf-8 -*-
# 다중 라벨 분류: 드문 라벨에 pos_weight 를 주고, 문턱값은 검증 자료에서만 고른다.
import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def make(n, seed):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 15)).astype("float32")
    score = x[:, :4] + 0.5 * x[:, 4:8] - np.array([0.2, 1.0, 1.5, 2.0], dtype="float32")
    y = (score + rng.normal(scale=0.3, size=score.shape) > 0).astype("float32")
    return torch.from_numpy(x), torch.from_numpy(y)


def macro_f1(prob, y, thr):
    pred = (prob >= thr).float()
    tp = (pred * y).sum(0)
    fp = (pred * (1 - y)).sum(0)
    fn = ((1 - pred) * y).sum(0)
    return (2 * tp / (2 * tp + fp + fn).clamp(min=1)).mean().item()


@torch.no_grad()
def predict(model, loader):
    model.eval()
    p, t = [], []
    for x, y in loader:
        p.append(model(x).sigmoid())
        t.append(y)
    return torch.cat(p), torch.cat(t)


def best_threshold(prob, y):
    grid = torch.linspace(0.1, 0.9, 17)
    out = []
    for j in range(y.shape[1]):
        f = [macro_f1(prob[:, [j]], y[:, [j]], t) for t in grid]
        out.append(grid[int(np.argmax(f))])
    return torch.stack(out)


def main():
    torch.manual_seed(0)
    x, y = make(900, 0)
    xt, yt = make(300, 1)
    train = TensorDataset(x[:700], y[:700])
    valid = TensorDataset(x[700:], y[700:])
    tl = DataLoader(train, batch_size=64, shuffle=True)
    vl = DataLoader(valid, batch_size=200)
    test_loader = DataLoader(TensorDataset(xt, yt), batch_size=300)

    positives = y[:700].sum(0)
    pos_weight = (700 - positives) / positives.clamp(min=1)
    criterion = nn.BCEWithLogitsLoss(pos_weight=pos_weight)
    model = nn.Sequential(nn.Linear(15, 64), nn.ReLU(), nn.Dropout(0.2), nn.Linear(64, 4))
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for epoch in range(5):
        model.train()
        for xb, yb in tl:
            optimizer.zero_grad()
            loss = criterion(model(xb), yb)
            loss.backward()
            optimizer.step()
        prob, truth = predict(model, vl)
        print(f"{epoch + 1}번째: 검증 macro-F1 {macro_f1(prob, truth, 0.5):.3f}")
    thr = best_threshold(*predict(model, vl))
    prob, truth = predict(model, test_loader)
    print("시험 macro-F1", macro_f1(prob, truth, thr), "문턱값", thr.tolist())


if __name__ == "__main__":
    main()
