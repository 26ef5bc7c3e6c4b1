"""Stratified k-fold with out-of-fold predictions, next to a scikit-learn baseline on the same folds."""
import numpy as np
import torch
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import QuantileTransformer, StandardScaler
from torch import nn

FOLDS = 4
EPOCHS = 25
BATCH = 64


def set_seed(s):
    np.random.seed(s)
    torch.manual_seed(s)


def make_model(width):
    return nn.Sequential(nn.Linear(width, 24), nn.SiLU(), nn.Dropout(0.2), nn.Linear(24, 1), nn.Sigmoid())


def fit_fold(x, y, seed):
    """Fixed number of epochs, so no part of the held-out fold has a say in the training."""
    set_seed(seed)
    net = make_model(x.shape[1])
    bce = nn.BCELoss()                 # the network ends in a sigmoid
    opt = torch.optim.Adam(net.parameters(), lr=4e-3)
    sched = torch.optim.lr_scheduler.OneCycleLR(opt, max_lr=4e-3, epochs=EPOCHS, steps_per_epoch=-(-len(x) // BATCH))
    net.train()
    for _ in range(EPOCHS):
        perm = torch.randperm(len(x))
        for i in range(0, len(x), BATCH):
            rows = perm[i:i + BATCH]
            opt.zero_grad(set_to_none=True)
            loss = bce(net(x[rows])[:, 0], y[rows])
            loss.backward()
            opt.step()
            sched.step()
    return net.eval()


def brier(p, y):
    return float(np.mean((p - y) ** 2))


def auc_by_hand(p, y):
    """Mann-Whitney: how often a positive is ranked above a negative (ties count half)."""
    pos, neg = p[y == 1], p[y == 0]
    diff = pos[:, None] - neg[None, :]         # the broadcast is intended
    return float((diff > 0).mean() + 0.5 * (diff == 0).mean())


def main():
    x, y = load_breast_cancer(return_X_y=True)
    cv = StratifiedKFold(FOLDS, shuffle=True, random_state=42)
    oof = np.full(len(y), np.nan)
    per_fold = []
    for k, (tr, ho) in enumerate(cv.split(x, y)):
        # preprocessing is fitted anew inside each fold
        prep = make_pipeline(QuantileTransformer(n_quantiles=100, output_distribution="normal", random_state=0),
                             StandardScaler())
        x_tr = torch.from_numpy(prep.fit_transform(x[tr])).float()
        x_ho = torch.from_numpy(prep.transform(x[ho])).float()
        net = fit_fold(x_tr, torch.from_numpy(y[tr]).float(), seed=100 + k)
        with torch.no_grad():
            oof[ho] = net(x_ho).squeeze(1).numpy()
        per_fold.append(roc_auc_score(y[ho], oof[ho]))
        print(f"fold {k}: auc {per_fold[-1]:.4f} on {len(ho)} samples")

    assert not np.isnan(oof).any()
    print(f"mean of folds {np.mean(per_fold):.4f} +- {np.std(per_fold, ddof=1):.4f}")
    print(f"pooled: auc {auc_by_hand(oof, y):.4f}  log loss {log_loss(y, oof):.4f}  brier {brier(oof, y):.4f}")
    assert abs(auc_by_hand(oof, y) - roc_auc_score(y, oof)) < 1e-9

    base = make_pipeline(StandardScaler(), LogisticRegression(max_iter=500))
    base_oof = cross_val_predict(base, x, y, cv=cv, method="predict_proba")[:, 1]
    print(f"logistic regression: auc {roc_auc_score(y, base_oof):.4f}  log loss {log_loss(y, base_oof):.4f}")


if __name__ == "__main__":
    main()
