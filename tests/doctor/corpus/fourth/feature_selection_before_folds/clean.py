"""Few patients, many genes: 5-fold estimate of a small network's accuracy."""
import argparse

import numpy as np
import torch
from sklearn.feature_selection import SelectKBest, f_classif
from sklearn.model_selection import StratifiedKFold
from torch import nn


def get_args():
    p = argparse.ArgumentParser()
    p.add_argument("--genes", type=int, default=1500)
    p.add_argument("--patients", type=int, default=150)
    p.add_argument("--keep", type=int, default=20)
    p.add_argument("--folds", type=int, default=5)
    p.add_argument("--epochs", type=int, default=40)
    p.add_argument("--lr", type=float, default=5e-3)
    p.add_argument("--seed", type=int, default=0)
    return p.parse_args()


def simulate(args):
    rng = np.random.default_rng(args.seed)
    expr = rng.standard_normal((args.patients, args.genes)).astype(np.float32)
    signal = expr[:, 0] + expr[:, 1]
    label = (signal + 2.0 * rng.standard_normal(args.patients) > 0).astype(np.int64)
    return expr, label


def fit_and_score(x_fit, y_fit, x_held, y_held, args):
    torch.manual_seed(args.seed)
    model = nn.Sequential(nn.Linear(x_fit.shape[1], 16), nn.ReLU(), nn.Dropout(0.3), nn.Linear(16, 2))
    optim = torch.optim.Adam(model.parameters(), lr=args.lr, weight_decay=1e-3)
    criterion = nn.CrossEntropyLoss()
    x_fit, y_fit = torch.from_numpy(x_fit), torch.from_numpy(y_fit)
    model.train()
    for _ in range(args.epochs):
        for part in torch.randperm(len(x_fit)).split(32):
            optim.zero_grad()
            criterion(model(x_fit[part]), y_fit[part]).backward()
            optim.step()
    model.eval()
    with torch.no_grad():
        guess = model(torch.from_numpy(x_held)).argmax(dim=1).numpy()
    return float((guess == y_held).mean())


def main():
    args = get_args()
    expr, label = simulate(args)
    cv = StratifiedKFold(args.folds, shuffle=True, random_state=args.seed)
    scores = []
    for fit_rows, held_rows in cv.split(expr, label):
        selector = SelectKBest(f_classif, k=args.keep).fit(expr[fit_rows], label[fit_rows])
        x_fit = selector.transform(expr[fit_rows])
        x_held = selector.transform(expr[held_rows])
        scores.append(fit_and_score(x_fit, label[fit_rows], x_held, label[held_rows], args))
    print("fold accuracies", np.round(scores, 3))
    print("mean", round(float(np.mean(scores)), 3))


if __name__ == "__main__":
    main()
