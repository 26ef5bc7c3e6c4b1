#!/usr/bin/env python
"""Fraud detection with 4 % positives.

The training batches are balanced by a WeightedRandomSampler; validation and test keep
the natural frequency.  The scores are moved back to it by the log prior ratio.
"""
import logging
import math
from collections import Counter

import torch
from sklearn.datasets import make_classification
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.model_selection import train_test_split
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, WeightedRandomSampler

logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
log = logging.getLogger("fraud")


def load(seed):
    X, y = make_classification(5000, 20, n_informative=8, weights=[0.96], class_sep=1.2, flip_y=0.005, random_state=seed)
    X_tr, X_rest, y_tr, y_rest = train_test_split(X, y, test_size=0.4, stratify=y, random_state=seed)
    X_va, X_te, y_va, y_te = train_test_split(X_rest, y_rest, test_size=0.5, stratify=y_rest, random_state=seed)
    mean, std = X_tr.mean(0), X_tr.std(0)
    to_ds = lambda X, y: TensorDataset(torch.tensor((X - mean) / std, dtype=torch.float32), torch.tensor(y))
    return to_ds(X_tr, y_tr), to_ds(X_va, y_va), to_ds(X_te, y_te)


def balanced_sampler(ds, seed):
    labels = ds.tensors[1]
    weights = 1.0 / torch.bincount(labels).float()
    g = torch.Generator().manual_seed(seed)
    # replacement: a rare sample is drawn more than once in an epoch, that's the purpose
    return WeightedRandomSampler(weights[labels].double(), num_samples=len(labels), replacement=True, generator=g)


class FraudNet(nn.Module):
    def __init__(self, n_features):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(n_features, 32), nn.ReLU(), nn.Dropout(0.2),
            nn.Linear(32, 16), nn.ReLU(), nn.Linear(16, 1))
        # added to the logit outside training; set from the training labels
        self.register_buffer("prior_shift", torch.zeros(()))

    def forward(self, x):
        z = self.layers(x).squeeze(-1)
        return z if self.training else z + self.prior_shift


@torch.no_grad()
def scores(model, loader):
    model.eval()
    z, y = zip(*((model(x), y) for x, y in loader))
    return torch.cat(z), torch.cat(y)


def main(seed=8, epochs=8):
    torch.manual_seed(seed)
    train, val, test = load(seed)
    loader = DataLoader(train, batch_size=128, sampler=balanced_sampler(train, seed))
    val_loader, test_loader = DataLoader(val, 512), DataLoader(test, 512)

    model = FraudNet(20)
    rate = train.tensors[1].float().mean().item()
    model.prior_shift.fill_(math.log(rate / (1 - rate)))        # log odds, from 1:1 to the real ones
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    criterion = nn.BCEWithLogitsLoss()
    best, snapshot = 0.0, None
    for epoch in range(epochs):
        model.train()
        drawn = Counter()
        for x, y in loader:
            optimizer.zero_grad()
            loss = criterion(model(x), y.float())
            loss.backward()
            optimizer.step()
            drawn.update(y.tolist())
        z, y = scores(model, val_loader)
        ap = average_precision_score(y, z)
        log.info("epoch %d drawn %s val AP %.3f", epoch, dict(sorted(drawn.items())), ap)
        if ap > best:
            best, snapshot = ap, {k: v.clone() for k, v in model.state_dict().items()}

    model.load_state_dict(snapshot)
    z, y = scores(model, test_loader)
    log.info("test ROC AUC %.3f AP %.3f (chance %.3f)", roc_auc_score(y, z), average_precision_score(y, z), y.float().mean())
    log.info("mean predicted probability %.3f, share of frauds %.3f", z.sigmoid().mean(), y.float().mean())


if __name__ == "__main__":
    main()
