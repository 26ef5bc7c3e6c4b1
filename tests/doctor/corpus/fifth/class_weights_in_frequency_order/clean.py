from collections import Counter

import numpy as np
import torch
from torch import nn
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

# 작물 병해 분류: 클래스 불균형이 심하다
rng = np.random.default_rng(8)
y = rng.choice(4, size=1600, p=[0.06, 0.14, 0.62, 0.18])
mean = rng.normal(size=(4, 9)) * 0.9
X = mean[y] + rng.normal(size=(1600, 9))

X_tr, X_te, y_tr, y_te = train_test_split(X, y, test_size=0.25, stratify=y, random_state=0)
scaler = StandardScaler().fit(X_tr)
X_tr = torch.tensor(scaler.transform(X_tr), dtype=torch.float32)
X_te = torch.tensor(scaler.transform(X_te), dtype=torch.float32)
y_tr = torch.tensor(y_tr)

# 빈도의 역수로 손실 가중치 계산
counts = Counter(y_tr.tolist())
n_per_class = torch.tensor([counts[c] for c in range(4)], dtype=torch.float32)
weight = n_per_class.sum() / (4 * n_per_class)

torch.manual_seed(8)
model = nn.Sequential(nn.Linear(9, 32), nn.ReLU(), nn.Linear(32, 4))
criterion = nn.CrossEntropyLoss(weight=weight)
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
for epoch in range(10):
    model.train()
    for idx in torch.randperm(len(X_tr)).split(64):
        optimizer.zero_grad()
        loss = criterion(model(X_tr[idx]), y_tr[idx])
        loss.backward()
        optimizer.step()

model.eval()
with torch.no_grad():
    pred = model(X_te).argmax(1).numpy()
print("balanced accuracy:", balanced_accuracy_score(y_te, pred))
