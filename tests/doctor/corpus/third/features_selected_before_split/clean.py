# 유전자 발현 데이터: 샘플은 적고 특징은 많다
import numpy as np
import torch
import torch.nn as nn
from sklearn.feature_selection import SelectKBest, f_classif
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

rng = np.random.default_rng(2024)
torch.manual_seed(2024)

n_samples, n_genes = 120, 3000
X = rng.lognormal(0.0, 0.6, size=(n_samples, n_genes)).astype(np.float32)
y = rng.integers(0, 2, size=n_samples)
X[y == 1, :2] *= 1.3
X = np.log1p(X)

X_tr, X_te, y_tr, y_te = train_test_split(X, y, test_size=0.35, stratify=y, random_state=1)
selector = SelectKBest(f_classif, k=40).fit(X_tr, y_tr)
X_tr, X_te = selector.transform(X_tr), selector.transform(X_te)

scaler = StandardScaler()
X_tr = torch.from_numpy(scaler.fit_transform(X_tr))
X_te = torch.from_numpy(scaler.transform(X_te))
target = torch.from_numpy(y_tr).float()

# 작은 모델 + 가중치 감쇠
clf = nn.Linear(X_tr.shape[1], 1)
nn.init.zeros_(clf.weight)
nn.init.zeros_(clf.bias)
opt = torch.optim.AdamW(clf.parameters(), lr=0.01, weight_decay=0.1)
bce = nn.BCEWithLogitsLoss()

for step in range(150):
    opt.zero_grad()
    loss = bce(clf(X_tr).squeeze(1), target)
    loss.backward()
    opt.step()

with torch.no_grad():
    pred = (clf(X_te).squeeze(1) > 0).long().numpy()
print("balanced accuracy", round(balanced_accuracy_score(y_te, pred), 3))
