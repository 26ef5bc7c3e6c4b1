"""
Two commands in one file:

    python train_then_serve_cli.py train --out model.pt
    python train_then_serve_cli.py predict --model model.pt --csv rows.csv

Without arguments both are run in a temporary folder, as a self-test.
"""
import argparse
import csv
import json
import os
import sys
import tempfile

import torch
from torch import nn
from sklearn.datasets import load_iris
from sklearn.model_selection import train_test_split
from torch.utils.data import DataLoader, TensorDataset


class IrisNet(nn.Module):
    def __init__(self, n_features, n_classes, hidden=16, dropout=0.1):
        super().__init__()
        self.config = dict(n_features=n_features, n_classes=n_classes, hidden=hidden, dropout=dropout)
        self.register_buffer("mean", torch.zeros(n_features))
        self.register_buffer("std", torch.ones(n_features))
        self.net = nn.Sequential(nn.Linear(n_features, hidden), nn.ReLU(), nn.Dropout(dropout), nn.Linear(hidden, n_classes))

    def fit_scaler(self, x):
        self.mean.copy_(x.mean(0))
        self.std.copy_(x.std(0))

    def forward(self, x):
        return self.net((x - self.mean) / self.std)     # raw centimetres come in


def cmd_train(args):
    torch.manual_seed(args.seed)
    data = load_iris()
    x, y = torch.tensor(data.data, dtype=torch.float32), torch.tensor(data.target)
    tr, te = train_test_split(torch.arange(len(y)).numpy(), test_size=0.3, stratify=data.target, random_state=args.seed)
    model = IrisNet(4, 3)
    model.fit_scaler(x[tr])
    loader = DataLoader(TensorDataset(x[tr], y[tr]), args.batch_size, shuffle=True)
    opt = torch.optim.Adam(model.parameters(), lr=args.lr)
    for _ in range(args.epochs):
        model.train()
        for xb, yb in loader:
            opt.zero_grad()
            nn.functional.cross_entropy(model(xb), yb).backward()
            opt.step()
    model.eval()
    with torch.no_grad():
        acc = (model(x[te]).argmax(1) == y[te]).float().mean().item()
    torch.save({"config": model.config, "classes": data.target_names.tolist(),
                "features": list(data.feature_names), "state": model.state_dict()}, args.out)
    print(f"test accuracy {acc:.3f}, saved {os.path.basename(args.out)}")


def load_model(path):
    blob = torch.load(path, map_location="cpu", weights_only=True)
    model = IrisNet(**blob["config"])
    model.load_state_dict(blob["state"])               # the scaler's buffers come along
    model.eval()
    return model, blob["classes"], blob["features"]


@torch.inference_mode()
def cmd_predict(args):
    model, classes, features = load_model(args.model)
    with open(args.csv, newline="") as f:
        reader = csv.DictReader(f)
        rows = [[float(r[name]) for name in features] for r in reader]     # by name, not by position
    for chunk in torch.tensor(rows).split(args.batch_size):
        p = torch.softmax(model(chunk), dim=-1)        # probabilities for people to read
        conf, idx = p.max(-1)
        for c, i in zip(conf.tolist(), idx.tolist()):
            print(json.dumps({"class": classes[i], "confidence": round(c, 3)}))


def build_parser():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--batch-size", type=int, default=16)
    sub = ap.add_subparsers(required=True)
    t = sub.add_parser("train")
    t.add_argument("--out", required=True)
    t.add_argument("--epochs", type=int, default=40)
    t.add_argument("--lr", type=float, default=1e-2)
    t.add_argument("--seed", type=int, default=0)
    t.set_defaults(func=cmd_train)
    p = sub.add_parser("predict")
    p.add_argument("--model", required=True)
    p.add_argument("--csv", required=True)
    p.set_defaults(func=cmd_predict)
    return ap


def main(argv):
    args = build_parser().parse_args(argv)
    args.func(args)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(sys.argv[1:])
    else:
        with tempfile.TemporaryDirectory() as d:
            model, rows = os.path.join(d, "model.pt"), os.path.join(d, "rows.csv")
            main(["train", "--out", model])
            with open(rows, "w", newline="") as f:
                w = csv.writer(f)
                w.writerow(reversed(load_iris().feature_names))
                w.writerows([[0.2, 1.4, 3.5, 5.1], [1.4, 4.7, 3.2, 7.0], [2.5, 6.0, 3.3, 6.3]])
            main(["predict", "--model", model, "--csv", rows])
