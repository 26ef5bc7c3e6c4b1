#!/usr/bin/env python3
"""5-fold cross-validation of a small network; a new model, optimizer and scaler in each fold."""
import random

import numpy as np
import torch
from sklearn.datasets import load_breast_cancer
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold
from sklearn.preprocessing import StandardScaler
from torch import nn
from torch.utils.data import DataLoader, SubsetRandomSampler, TensorDataset


def seed_everything(seed=1234):
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    torch.cuda.manual_seed_all(seed)
    torch.backends.cudnn.deterministic = True


def reset_weights(m):
    """Start each fold from fresh weights."""
    for layer in m.children():
        if hasattr(layer, "reset_parameters"):
            layer.reset_parameters()


class Net(nn.Sequential):
    def __init__(self, d):
        super().__init__(
            nn.Linear(d, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Dropout(0.2),
            nn.Linear(32, 16), nn.ReLU(), nn.Linear(16, 1))


def run_fold(model, X, y, train_ids, test_ids, epochs=8, lr=5e-3):
    model.apply(reset_weights)
    scaler = StandardScaler().fit(X[train_ids])
    data = TensorDataset(torch.tensor(scaler.transform(X), dtype=torch.float32),
                         torch.tensor(y, dtype=torch.float32).unsqueeze(1))
    trainloader = DataLoader(data, batch_size=32, sampler=SubsetRandomSampler(train_ids), drop_last=True)
    testloader = DataLoader(data, batch_size=64, sampler=list(test_ids))
    loss_function = nn.BCEWithLogitsLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=lr, weight_decay=1e-4)

    for epoch in range(epochs):
        model.train()
        current_loss = 0.0
        for i, (inputs, targets) in enumerate(trainloader):
            optimizer.zero_grad()
            outputs = model(inputs)
            loss = loss_function(outputs, targets)
            loss.backward()
            optimizer.step()
            current_loss += loss.item()
    last = current_loss / len(trainloader)

    model.eval()
    probs, truth = [], []
    with torch.no_grad():
        for inputs, targets in testloader:
            probs.append(torch.sigmoid(model(inputs)).squeeze(1).numpy())
            truth.append(targets.squeeze(1).numpy())
    probs, truth = np.concatenate(probs), np.concatenate(truth)
    return {"train_loss": last, "acc": float(((probs > 0.5) == truth).mean()), "auc": roc_auc_score(truth, probs)}, probs


def main(k_folds=5):
    seed_everything()
    X, y = load_breast_cancer(return_X_y=True)
    print("majority class: %.3f" % max(y.mean(), 1 - y.mean()))
    kfold = StratifiedKFold(n_splits=k_folds, shuffle=True, random_state=1234)
    results = {}
    out_of_fold = np.full(len(y), np.nan)
    model = Net(X.shape[1])
    for fold, (train_ids, test_ids) in enumerate(kfold.split(X, y)):
        results[fold], out_of_fold[test_ids] = run_fold(model, X, y, train_ids, test_ids)
        print("FOLD {}: ".format(fold) + "  ".join("{} {:.4f}".format(k, v) for k, v in results[fold].items()))
    assert not np.isnan(out_of_fold).any()
    for name in ("acc", "auc"):
        values = np.array([r[name] for r in results.values()])
        print("%s: %.4f +- %.4f over %d folds" % (name, values.mean(), values.std(ddof=1), k_folds))
    print("out-of-fold AUC %.4f" % roc_auc_score(y, out_of_fold))


if __name__ == "__main__":
    main()
