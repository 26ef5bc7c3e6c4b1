"""Stratified k-fold cross-validation; a fresh scaler, model and optimizer for each fold."""
import numpy as np
import torch
from sklearn.datasets import load_breast_cancer
from sklearn.metrics import f1_score, roc_auc_score
from sklearn.model_selection import StratifiedKFold
from sklearn.preprocessing import StandardScaler
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

SEED, FOLDS, EPOCHS = 21, 5, 6


def make_model(n_features: int) -> nn.Module:
    return nn.Sequential(nn.Linear(n_features, 24), nn.ReLU(), nn.Dropout(0.1), nn.Linear(24, 1))


def fit_fold(x_tr, y_tr, fold):
    torch.manual_seed(SEED + fold)
    model = make_model(x_tr.shape[1])
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3, weight_decay=1e-4)
    criterion = nn.BCEWithLogitsLoss()
    ds = TensorDataset(torch.tensor(x_tr, dtype=torch.float32), torch.tensor(y_tr, dtype=torch.float32))
    loader = DataLoader(ds, batch_size=32, shuffle=True, generator=torch.Generator().manual_seed(SEED + fold))
    model.train()
    for _ in range(EPOCHS):
        for xb, yb in loader:
            optimizer.zero_grad()
            criterion(model(xb).squeeze(1), yb).backward()
            optimizer.step()
    return model


def predict_proba(model, x):
    model.eval()
    with torch.no_grad():
        return torch.sigmoid(model(torch.tensor(x, dtype=torch.float32)).squeeze(1)).numpy()


def main():
    X, y = load_breast_cancer(return_X_y=True)
    aucs, f1s = [], []
    oof = np.zeros(len(y))
    for fold, (tr, te) in enumerate(StratifiedKFold(FOLDS, shuffle=True, random_state=SEED).split(X, y)):
        scaler = StandardScaler().fit(X[tr])
        # number of epochs is fixed in advance, so the held-out fold takes no part in any choice
        model = fit_fold(scaler.transform(X[tr]), y[tr], fold)
        prob = predict_proba(model, scaler.transform(X[te]))
        oof[te] = prob
        aucs.append(roc_auc_score(y[te], prob))
        f1s.append(f1_score(y[te], prob > 0.5))
        print(f"fold {fold}: auc {aucs[-1]:.4f} f1 {f1s[-1]:.4f}")
    print(f"mean auc {np.mean(aucs):.4f} +- {np.std(aucs, ddof=1):.4f}; mean f1 {np.mean(f1s):.4f}")
    print(f"out-of-fold auc {roc_auc_score(y, oof):.4f}")


if __name__ == "__main__":
    main()
