import torch
import torch.nn as nn
import numpy as np
from sklearn.datasets import make_classification
from sklearn.model_selection import KFold

torch.manual_seed(4)
X, y = make_classification(300, 20, n_informative=4, flip_y=0.25, class_sep=0.8, random_state=4)
X = torch.tensor(X, dtype=torch.float32)
y = torch.tensor(y)


def build_model():
    return nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 2))


def train_fold(model, x, t, epochs=40):
    opt = torch.optim.Adam(model.parameters(), lr=3e-3)
    lossf = nn.CrossEntropyLoss()
    model.train()
    for _ in range(epochs):
        for b in torch.randperm(len(x)).split(30):
            opt.zero_grad()
            lossf(model(x[b]), t[b]).backward()
            opt.step()


def valid_fold(model, x, t):
    model.eval()
    with torch.no_grad():
        return (model(x).argmax(1) == t).float().mean().item()


# 5겹 교차 검증
accs = []
model = build_model()
for k, (tr, va) in enumerate(KFold(5, shuffle=True, random_state=4).split(X)):
    mu, sd = X[tr].mean(0), X[tr].std(0)
    train_fold(model, (X[tr] - mu) / sd, y[tr])
    accs.append(valid_fold(model, (X[va] - mu) / sd, y[va]))
    print(f'폴드 {k}: 정확도 {accs[-1]:.3f}')
print('평균 %.3f' % np.mean(accs))
