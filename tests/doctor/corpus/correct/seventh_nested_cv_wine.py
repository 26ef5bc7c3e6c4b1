"""Nested cross-validation: the inner folds choose weight decay and width, the outer folds estimate accuracy."""
import itertools

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import load_wine
from sklearn.metrics import accuracy_score
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from torch import nn


class TorchMLP(ClassifierMixin, BaseEstimator):
    """A small network behind the scikit-learn interface; every fit starts from scratch."""

    def __init__(self, width=16, weight_decay=1e-3, lr=1e-2, epochs=15, batch_size=32, seed=0):
        self.width = width
        self.weight_decay = weight_decay
        self.lr = lr
        self.epochs = epochs
        self.batch_size = batch_size
        self.seed = seed

    def fit(self, X, y):
        torch.manual_seed(self.seed)
        self.classes_, codes = np.unique(y, return_inverse=True)
        self.n_features_in_ = X.shape[1]
        xt = torch.as_tensor(X, dtype=torch.float32)
        yt = torch.as_tensor(codes, dtype=torch.long)
        self.net_ = nn.Sequential(
            nn.Linear(X.shape[1], self.width), nn.ReLU(), nn.Dropout(0.1), nn.Linear(self.width, len(self.classes_)))
        optimizer = torch.optim.AdamW(self.net_.parameters(), lr=self.lr, weight_decay=self.weight_decay)
        criterion = nn.CrossEntropyLoss()
        self.net_.train()
        for _ in range(self.epochs):
            for idx in torch.randperm(len(xt)).split(self.batch_size):
                optimizer.zero_grad()
                loss = criterion(self.net_(xt[idx]), yt[idx])
                loss.backward()
                optimizer.step()
        return self

    def predict_proba(self, X):
        self.net_.eval()
        with torch.no_grad():
            return self.net_(torch.as_tensor(X, dtype=torch.float32)).softmax(dim=1).numpy()

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


def main():
    X, y = load_wine(return_X_y=True)
    grid = {"mlp__width": [4, 16], "mlp__weight_decay": [1e-3, 1e-1]}
    print("candidates:", list(itertools.product(*grid.values())))
    outer = StratifiedKFold(n_splits=3, shuffle=True, random_state=0)
    inner = StratifiedKFold(n_splits=3, shuffle=True, random_state=1)
    scores, predictions = [], np.empty_like(y)
    for k, (train, test) in enumerate(outer.split(X, y)):
        pipe = Pipeline([("scale", StandardScaler()), ("mlp", TorchMLP(seed=k))])
        search = GridSearchCV(pipe, grid, cv=inner, scoring="neg_log_loss", refit=True)
        search.fit(X[train], y[train])
        predictions[test] = search.predict(X[test])
        scores.append(accuracy_score(y[test], predictions[test]))
        print(f"outer fold {k}: chosen {search.best_params_} inner log-loss {-search.best_score_:.3f} "
              f"accuracy {scores[-1]:.3f}")
    print(f"nested CV accuracy {np.mean(scores):.3f} ± {np.std(scores, ddof=1):.3f}; "
          f"{(predictions != y).sum()} of {len(y)} wrong")


if __name__ == "__main__":
    main()
