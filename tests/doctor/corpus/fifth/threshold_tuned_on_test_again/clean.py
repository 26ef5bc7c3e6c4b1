import numpy as np
import torch
import torch.nn as nn
from sklearn.datasets import make_classification
from sklearn.metrics import f1_score, precision_recall_curve
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

torch.manual_seed(0)

# 불균형 데이터: 양성 10 %
X, y = make_classification(n_samples=1200, n_features=20, n_informative=6, weights=[0.9], class_sep=0.8, random_state=0)
X_tr, X_rest, y_tr, y_rest = train_test_split(X, y, test_size=0.5, stratify=y, random_state=0)
X_va, X_te, y_va, y_te = train_test_split(X_rest, y_rest, test_size=0.5, stratify=y_rest, random_state=0)
scaler = StandardScaler().fit(X_tr)
X_tr, X_va, X_te = (torch.tensor(scaler.transform(a), dtype=torch.float32) for a in (X_tr, X_va, X_te))
t_tr = torch.tensor(y_tr, dtype=torch.float32)

# 학습
net = nn.Sequential(nn.Linear(20, 32), nn.ReLU(), nn.Linear(32, 1))
opt = torch.optim.AdamW(net.parameters(), lr=3e-3, weight_decay=1e-2)
loss_fn = nn.BCEWithLogitsLoss()
for epoch in range(25):
    net.train()
    for idx in torch.randperm(len(X_tr)).split(50):
        opt.zero_grad()
        loss_fn(net(X_tr[idx])[:, 0], t_tr[idx]).backward()
        opt.step()


# 확률
@torch.no_grad()
def prob(x):
    net.eval()
    return torch.sigmoid(net(x)[:, 0]).numpy()


def pick_threshold(labels, p):
    precision, recall, thresholds = precision_recall_curve(labels, p)
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-12)
    return thresholds[f1[:-1].argmax()]


# 임계값을 고르고 평가
p_va, p_te = prob(X_va), prob(X_te)
threshold = pick_threshold(y_va, p_va)
print("threshold %.3f" % threshold)
print("val  F1 %.3f" % f1_score(y_va, p_va >= threshold))
print("test F1 %.3f" % f1_score(y_te, p_te >= threshold))
