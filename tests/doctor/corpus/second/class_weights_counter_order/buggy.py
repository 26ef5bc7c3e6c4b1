# %% imports
from collections import Counter
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(21)
K = 4

# %% 데이터 생성: 클래스마다 개수가 크게 다르다
sizes = {2: 700, 0: 60, 3: 250, 1: 140}
centers = torch.randn(K, 5) * 1.3
xs, ys = [], []
for k, n in sizes.items():
    xs.append(centers[k] + torch.randn(n, 5))
    ys.append(torch.full((n,), k))
X, Y = torch.cat(xs), torch.cat(ys)
perm = torch.randperm(len(X))
X, Y = X[perm], Y[perm]

# %% 학습/평가 분리
n_tr = 900
train = TensorDataset(X[:n_tr], Y[:n_tr])
test_x, test_y = X[n_tr:], Y[n_tr:]

# %% 불균형 보정
cnt = Counter(Y[:n_tr].tolist())
freq = torch.tensor(list(cnt.values()), dtype=torch.float)
w = freq.sum() / (K * freq)
loss_fn = nn.CrossEntropyLoss(weight=w)

# %% 모델
model = nn.Sequential(nn.Linear(5, 32), nn.ReLU(), nn.Linear(32, K))
opt = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
loader = DataLoader(train, batch_size=50, shuffle=True)

# %% 학습
for epoch in range(12):
    model.train()
    for xb, yb in loader:
        loss = loss_fn(model(xb), yb)
        opt.zero_grad()
        loss.backward()
        opt.step()

# %% 클래스별 재현율
model.eval()
with torch.no_grad():
    pred = model(test_x).argmax(dim=1)
for k in range(K):
    m = test_y == k
    print(f"클래스 {k}: 재현율 {(pred[m] == k).float().mean():.3f} ({int(m.sum())}개)")
