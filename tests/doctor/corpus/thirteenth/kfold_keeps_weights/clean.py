import numpy as np
import torch
import torch.nn as nn

K, EPOCHS, SEED = 5, 15, 123
np.random.seed(SEED)
torch.manual_seed(SEED)

# 작은 데이터셋이라 5-겹 교차검증으로 평가
n = 200
X = torch.randn(n, 30)
logit = X[:, 0] - X[:, 1] + 0.5 * X[:, 2]
Y = (logit + 1.0 * torch.randn(n) > 0).long()


def build_model():
    net = nn.Sequential(nn.Linear(30, 64), nn.ReLU(), nn.Linear(64, 2))
    optim = torch.optim.Adam(net.parameters(), lr=3e-3)
    return net, optim


def run_fold(net, optim, tr, va):
    loss_fn = nn.CrossEntropyLoss()
    net.train()
    for _ in range(EPOCHS):
        for b in tr[torch.randperm(len(tr))].split(20):
            optim.zero_grad()
            loss_fn(net(X[b]), Y[b]).backward()
            optim.step()
    net.eval()
    with torch.no_grad():
        return (net(X[va]).argmax(1) == Y[va]).float().mean().item()


folds = np.array_split(np.random.permutation(n), K)
scores = []
for k in range(K):
    va = torch.as_tensor(folds[k])
    tr = torch.as_tensor(np.concatenate([folds[j] for j in range(K) if j != k]))
    net, optim = build_model()
    acc = run_fold(net, optim, tr, va)
    scores.append(acc)
    print(f"fold {k}: val acc {acc:.3f}")
print(f"CV accuracy {np.mean(scores):.3f} +- {np.std(scores):.3f}")
