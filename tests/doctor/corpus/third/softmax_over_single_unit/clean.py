from pathlib import Path
import tempfile

import torch
from torch import nn
from sklearn.datasets import load_breast_cancer
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler


def build_model(n_features, widths=(32, 16), final="sigmoid"):
    layers, prev = [], n_features
    for w in widths:
        layers += [nn.Linear(prev, w), nn.BatchNorm1d(w), nn.ReLU()]
        prev = w
    layers.append(nn.Linear(prev, 1))
    layers.append({"sigmoid": nn.Sigmoid(), "softmax": nn.Softmax(dim=1)}[final])
    return nn.Sequential(*layers)


class EarlyStopping:
    def __init__(self, path, patience=4):
        self.path, self.patience = path, patience
        self.best, self.wait = float("inf"), 0

    def update(self, value, model):
        if value < self.best:
            self.best, self.wait = value, 0
            torch.save(model.state_dict(), self.path)
        else:
            self.wait += 1
        return self.wait >= self.patience


def main():
    torch.manual_seed(5)
    X, y = load_breast_cancer(return_X_y=True)
    X_fit, X_te, y_fit, y_te = train_test_split(X, y, test_size=0.2, stratify=y, random_state=1)
    X_tr, X_va, y_tr, y_va = train_test_split(X_fit, y_fit, test_size=0.25, stratify=y_fit, random_state=1)
    scaler = StandardScaler().fit(X_tr)
    X_tr, X_va, X_te = (torch.tensor(scaler.transform(a), dtype=torch.float32) for a in (X_tr, X_va, X_te))
    y_tr, y_va = (torch.tensor(a, dtype=torch.float32).unsqueeze(1) for a in (y_tr, y_va))

    model = build_model(X.shape[1], widths=(24, 12))
    criterion = nn.BCELoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    with tempfile.TemporaryDirectory() as tmp:
        stopper = EarlyStopping(Path(tmp) / "best.pt")
        for epoch in range(30):
            model.train()
            for idx in torch.randperm(len(X_tr)).split(31):
                optimizer.zero_grad()
                loss = criterion(model(X_tr[idx]), y_tr[idx])
                loss.backward()
                optimizer.step()
            model.eval()
            with torch.no_grad():
                val_loss = criterion(model(X_va), y_va).item()
            if stopper.update(val_loss, model):
                break
        model.load_state_dict(torch.load(stopper.path))
    model.eval()
    with torch.no_grad():
        p = model(X_te).squeeze(1)
    print(f"best val loss {stopper.best:.3f}  test AUC {roc_auc_score(y_te, p.numpy()):.3f}")


if __name__ == "__main__":
    main()
