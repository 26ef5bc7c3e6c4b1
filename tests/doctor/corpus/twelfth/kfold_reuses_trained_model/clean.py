# 5-fold 교차검증으로 분류기 성능 평가
import numpy as np
import torch
import torch.nn as nn

K = 5
EPOCHS = 15
rng = np.random.RandomState(0)
torch.manual_seed(0)


def build_model():
    return nn.Sequential(nn.Linear(30, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2))


def fit(model, opt, x, y):
    crit = nn.CrossEntropyLoss()
    model.train()
    for _ in range(EPOCHS):
        for idx in torch.randperm(len(x)).split(20):
            opt.zero_grad()
            loss = crit(model(x[idx]), y[idx])
            loss.backward()
            opt.step()
    return loss.item()


def score(model, x, y):
    model.eval()
    with torch.no_grad():
        return (model(x).argmax(1) == y).float().mean().item()


# 데이터 생성 (잡음이 많은 이진 분류)
X = torch.tensor(rng.randn(250, 30), dtype=torch.float32)
Y = torch.tensor((X[:, 0].numpy() + 1.5 * rng.randn(250) > 0).astype(np.int64))

folds = np.array_split(rng.permutation(len(X)), K)
scores = []
for k in range(K):
    val_idx = folds[k]
    train_idx = np.concatenate([folds[j] for j in range(K) if j != k])
    model = build_model()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    last = fit(model, optimizer, X[train_idx], Y[train_idx])
    acc = score(model, X[val_idx], Y[val_idx])
    scores.append(acc)
    print("fold %d  loss %.4f  acc %.3f" % (k + 1, last, acc))
print("mean acc %.3f +- %.3f" % (np.mean(scores), np.std(scores)))
