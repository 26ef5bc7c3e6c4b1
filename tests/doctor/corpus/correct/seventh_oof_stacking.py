"""Two torch base models, out-of-fold predictions, a logistic stacker, one look at the test set."""
from functools import partial

import numpy as np
import torch
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.model_selection import StratifiedKFold, train_test_split
from sklearn.preprocessing import StandardScaler
from torch import nn


def wide(d):
    return nn.Sequential(nn.Linear(d, 96), nn.ReLU(), nn.Dropout(0.3), nn.Linear(96, 1))


def bilinear(d):
    class Poly(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = nn.Linear(d, 24), nn.Linear(d, 24)
            self.out = nn.Linear(24, 1)

        def forward(self, x):
            return self.out(self.a(x) * self.b(x))
    return Poly()


def fit(builder, x, y, *, epochs, lr, seed):
    torch.manual_seed(seed)
    scaler = StandardScaler().fit(x)
    xt = torch.as_tensor(scaler.transform(x), dtype=torch.float32)
    yt = torch.as_tensor(y, dtype=torch.float32)
    net = builder(x.shape[1])
    opt = torch.optim.Adam(net.parameters(), lr=lr, weight_decay=1e-4)
    net.train()
    for _ in range(epochs):
        for idx in torch.randperm(len(xt)).split(64):
            opt.zero_grad()
            nn.functional.binary_cross_entropy_with_logits(net(xt[idx]).squeeze(1), yt[idx]).backward()
            opt.step()
    net.eval()

    def predict(z):
        with torch.no_grad():
            return net(torch.as_tensor(scaler.transform(z), dtype=torch.float32)).squeeze(1).double().numpy()
    return predict


MODELS = {
    "wide": partial(fit, wide, epochs=12, lr=3e-3),
    "bilin": partial(fit, bilinear, epochs=10, lr=5e-3),
}


def main():
    x, y = make_classification(1400, 16, n_informative=8, n_redundant=2, flip_y=0.05, random_state=4)
    x_dev, x_test, y_dev, y_test = train_test_split(x, y, test_size=0.25, stratify=y, random_state=0)
    oof = np.full((len(x_dev), len(MODELS)), np.nan)
    test_logit = np.zeros((len(x_test), len(MODELS)))
    folds = StratifiedKFold(4, shuffle=True, random_state=1)
    for k, (tr, va) in enumerate(folds.split(x_dev, y_dev)):
        for j, (name, train) in enumerate(MODELS.items()):
            predict = train(x_dev[tr], y_dev[tr], seed=100 * k + j)
            oof[va, j] = predict(x_dev[va])
            test_logit[:, j] += predict(x_test) / folds.get_n_splits()
    assert not np.isnan(oof).any()
    stacker = LogisticRegression().fit(oof, y_dev)
    prob = stacker.predict_proba(test_logit)[:, 1]
    for j, name in enumerate(MODELS):
        print(f"{name:6s} oof auc {roc_auc_score(y_dev, oof[:, j]):.4f}  test auc {roc_auc_score(y_test, test_logit[:, j]):.4f}")
    print(f"stack  test auc {roc_auc_score(y_test, prob):.4f}  log loss {log_loss(y_test, prob):.4f}")


if __name__ == "__main__":
    main()
