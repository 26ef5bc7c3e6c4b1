"""A torch classifier inside a scikit-learn pipeline and a grid search."""
import numpy as np
import torch
from torch import nn
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler


class TorchMLP(ClassifierMixin, BaseEstimator):
    def __init__(self, hidden=16, lr=1e-2, epochs=15, weight_decay=0.0, batch_size=64, seed=0):
        self.hidden, self.lr, self.epochs = hidden, lr, epochs
        self.weight_decay, self.batch_size, self.seed = weight_decay, batch_size, seed

    def fit(self, X, y):
        self.classes_, t = np.unique(y, return_inverse=True)
        self.n_features_in_ = X.shape[1]
        g = torch.Generator().manual_seed(self.seed)
        with torch.random.fork_rng():
            torch.manual_seed(self.seed)
            self.net_ = nn.Sequential(nn.Linear(X.shape[1], self.hidden), nn.ReLU(), nn.Linear(self.hidden, len(self.classes_)))
        X, t = torch.as_tensor(np.asarray(X), dtype=torch.float32), torch.as_tensor(t)
        opt = torch.optim.AdamW(self.net_.parameters(), lr=self.lr, weight_decay=self.weight_decay)
        self.net_.train()
        for _ in range(self.epochs):
            for i in torch.randperm(len(t), generator=g).split(self.batch_size):
                opt.zero_grad()
                nn.functional.cross_entropy(self.net_(X[i]), t[i]).backward()
                opt.step()
        return self

    @torch.no_grad()
    def predict_proba(self, X):
        self.net_.eval()
        return self.net_(torch.as_tensor(np.asarray(X), dtype=torch.float32)).softmax(1).numpy()

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(1)]


rng = np.random.default_rng(0)
n = 600
num = rng.normal([50, 3000, 1.5], [15, 900, 0.4], (n, 3))
cat = rng.integers(0, 4, n)
signal = (num[:, 0] - 50) / 15 * (num[:, 1] - 3000) / 900 + (cat == 2) * 1.5 - (cat == 0)
y = np.where(signal + rng.normal(0, 0.4, n) > 0, "yes", "no")
X = np.column_stack([num, cat]).astype(float)
X[rng.random(n) < 0.1, 1] = np.nan

prep = ColumnTransformer([
    ("num", make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), [0, 1, 2]),
    ("cat", OneHotEncoder(handle_unknown="ignore", sparse_output=False), [3]),
])
pipe = Pipeline([("prep", prep), ("net", TorchMLP())])       # each fold fits its own preprocessing
X_tr, X_te, y_tr, y_te = train_test_split(X, y, test_size=0.25, stratify=y, random_state=0)
search = GridSearchCV(pipe, {"net__hidden": [8, 32], "net__weight_decay": [0.0, 0.1]}, cv=3, scoring="neg_log_loss")
search.fit(X_tr, y_tr)
print(search.best_params_, f"cv log loss {-search.best_score_:.3f}, test accuracy {(search.predict(X_te) == y_te).mean():.3f}")
