# 유방암 데이터 5-fold 교차검증 (Kaggle 스타일): OOF 예측 + 테스트 앙상블
import random

import numpy as np
import torch
import torch.nn as nn
from sklearn.datasets import load_breast_cancer
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, train_test_split
from sklearn.preprocessing import StandardScaler
from torch.utils.data import DataLoader, TensorDataset

CFG = {"n_splits": 5, "epochs": 15, "bs": 32, "lr": 1e-3, "wd": 1e-2, "seed": 2024}


def seed_everything(seed):
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


class Net(nn.Module):
    def __init__(self, n_features):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(n_features, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Dropout(0.3),
            nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 1),
        )

    def forward(self, x):
        return self.layers(x).squeeze(1)


def train_fn(model, loader, optimizer, scheduler, loss_fn):
    model.train()
    for xb, yb in loader:
        optimizer.zero_grad()
        loss = loss_fn(model(xb), yb)
        loss.backward()
        optimizer.step()
        scheduler.step()  # OneCycle은 배치마다 호출


def predict_proba(model, x):
    model.eval()
    with torch.no_grad():
        return torch.sigmoid(model(x)).numpy()


seed_everything(CFG["seed"])
data = load_breast_cancer()
X, X_test, y, y_test = train_test_split(
    data.data, data.target, test_size=0.2, stratify=data.target, random_state=CFG["seed"]
)

oof = np.zeros(len(X))
test_pred = np.zeros(len(X_test))
skf = StratifiedKFold(n_splits=CFG["n_splits"], shuffle=True, random_state=CFG["seed"])

for fold, (tr_idx, va_idx) in enumerate(skf.split(X, y)):
    # 스케일러는 fold마다 학습 부분에만 맞춘다
    scaler = StandardScaler().fit(X[tr_idx])
    x_tr = torch.tensor(scaler.transform(X[tr_idx]), dtype=torch.float32)
    x_va = torch.tensor(scaler.transform(X[va_idx]), dtype=torch.float32)
    x_te = torch.tensor(scaler.transform(X_test), dtype=torch.float32)
    y_tr = torch.tensor(y[tr_idx], dtype=torch.float32)

    loader = DataLoader(TensorDataset(x_tr, y_tr), batch_size=CFG["bs"], shuffle=True, drop_last=True)
    model = Net(X.shape[1])
    optimizer = torch.optim.AdamW(model.parameters(), lr=CFG["lr"], weight_decay=CFG["wd"])
    scheduler = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=CFG["lr"] * 5, epochs=CFG["epochs"], steps_per_epoch=len(loader)
    )
    loss_fn = nn.BCEWithLogitsLoss()

    for epoch in range(CFG["epochs"]):
        train_fn(model, loader, optimizer, scheduler, loss_fn)

    oof[va_idx] = predict_proba(model, x_va)
    test_pred += predict_proba(model, x_te) / CFG["n_splits"]
    print(f"fold {fold}: AUC = {roc_auc_score(y[va_idx], oof[va_idx]):.4f}")

print(f"OOF  AUC = {roc_auc_score(y, oof):.4f}")
print(f"Test AUC = {roc_auc_score(y_test, test_pred):.4f}")
print(f"Test acc = {((test_pred > 0.5).astype(int) == y_test).mean():.4f}")
