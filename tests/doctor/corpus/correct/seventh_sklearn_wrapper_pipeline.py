"""A torch network as a scikit-learn estimator: imputation and scaling live inside the pipeline."""
import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import GridSearchCV, StratifiedKFold, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import nn


class TorchMLP(ClassifierMixin, BaseEstimator):
    def __init__(self, hidden=32, lr=5e-3, epochs=15, batch_size=64, balanced=True, patience=4, random_state=0):
        self.hidden, self.lr, self.epochs, self.batch_size = hidden, lr, epochs, batch_size
        self.balanced, self.patience, self.random_state = balanced, patience, random_state

    def fit(self, X, y):
        self.classes_, codes = np.unique(y, return_inverse=True)
        self.n_features_in_ = X.shape[1]
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.random_state)
            self.net_ = self._train(X, codes)
        return self

    def _train(self, X, codes):
        # the early-stopping rows are cut from what fit() was given
        a, b = train_test_split(np.arange(len(X)), test_size=0.2, stratify=codes, random_state=self.random_state)
        x, t = torch.as_tensor(X, dtype=torch.float32), torch.as_tensor(codes)
        net = nn.Sequential(nn.Linear(x.shape[1], self.hidden), nn.ReLU(), nn.Linear(self.hidden, len(self.classes_)))
        weight = None
        if self.balanced:
            count = torch.bincount(t[a], minlength=len(self.classes_)).float()
            weight = count.sum() / (len(count) * count)
        loss_fn = nn.CrossEntropyLoss(weight=weight)
        opt = torch.optim.Adam(net.parameters(), lr=self.lr)
        best, state, wait = np.inf, None, 0
        xa, ta = x[a], t[a]
        for _ in range(self.epochs):
            net.train()
            for idx in torch.randperm(len(a)).split(self.batch_size):
                opt.zero_grad()
                loss_fn(net(xa[idx]), ta[idx]).backward()
                opt.step()
            net.eval()
            with torch.no_grad():
                val = loss_fn(net(x[b]), t[b]).item()
            if val < best:
                best, wait, state = val, 0, {k: v.clone() for k, v in net.state_dict().items()}
            else:
                wait += 1
                if wait >= self.patience:
                    break
        net.load_state_dict(state)
        return net.eval()

    def predict_proba(self, X):
        with torch.inference_mode():
            return self.net_(torch.as_tensor(X, dtype=torch.float32)).softmax(-1).numpy()

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(1)]


def data(rng, n=900):
    y = rng.choice(["low", "mid", "high"], size=n, p=[0.6, 0.3, 0.1])
    shift = {"low": -1.0, "mid": 0.5, "high": 2.0}
    x = rng.normal(size=(n, 6)) + np.array([shift[c] for c in y])[:, None] * np.array([1, 0.5, 0, 0, 0.8, 0])
    x[:, 2] = np.exp(x[:, 2] * 2)
    x[rng.random(x.shape) < 0.12] = np.nan
    return x, y


def main():
    rng = np.random.default_rng(5)
    X, y = data(rng)
    X_dev, X_test, y_dev, y_test = train_test_split(X, y, test_size=0.3, stratify=y, random_state=1)
    numeric = make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler())
    pipe = make_pipeline(ColumnTransformer([("num", numeric, slice(0, 6))]), TorchMLP())
    grid = GridSearchCV(
        pipe, {"torchmlp__hidden": [8, 32], "torchmlp__lr": [2e-3, 1e-2]},
        cv=StratifiedKFold(3, shuffle=True, random_state=0), scoring="balanced_accuracy")
    grid.fit(X_dev, y_dev)
    pred = grid.predict(X_test)
    print(grid.best_params_, f"cv {grid.best_score_:.3f} test {balanced_accuracy_score(y_test, pred):.3f}")


if __name__ == "__main__":
    main()
