# 조기 종료가 있는 회귀 실습 (콘크리트 강도 비슷한 합성 데이터)
import copy

import numpy as np
import torch
import torch.nn as nn
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

rng = np.random.default_rng(21)
torch.manual_seed(21)

N = 700
cement = rng.uniform(100, 500, N)
water = rng.uniform(120, 240, N)
age = rng.uniform(1, 90, N)
ash = rng.uniform(0, 150, N)
strength = 0.08 * cement - 0.12 * water + 9 * np.log(age) + 0.02 * ash + rng.normal(0, 3.0, N)
features = np.stack([cement, water, age, ash], axis=1)

# 학습 / 검증 / 시험 분할, 정규화는 학습 데이터로만
x_tmp, x_te, y_tmp, y_te = train_test_split(features, strength, test_size=0.2, random_state=0)
x_tr, x_va, y_tr, y_va = train_test_split(x_tmp, y_tmp, test_size=0.25, random_state=0)
sx = StandardScaler().fit(x_tr)
sy = StandardScaler().fit(y_tr[:, None])


def to_tensor(x, y):
    return (torch.tensor(sx.transform(x), dtype=torch.float32),
            torch.tensor(sy.transform(y[:, None]), dtype=torch.float32))


train_data, val_data, test_data = to_tensor(x_tr, y_tr), to_tensor(x_va, y_va), to_tensor(x_te, y_te)


class EarlyStopping:
    """검증 손실을 보고 학습을 멈출 때를 정한다."""

    def __init__(self, patience=8, min_delta=1e-4):
        self.patience = patience
        self.min_delta = min_delta
        self.best_loss = float("inf")
        self.best_state = None
        self.waited = 0

    def __call__(self, loss, model):
        if loss < self.best_loss - self.min_delta:
            self.best_loss = loss
            self.best_state = copy.deepcopy(model.state_dict())
            self.waited = 0
        else:
            self.waited += 1
        return self.waited >= self.patience


model = nn.Sequential(nn.Linear(4, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 1))
criterion = nn.MSELoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.03, momentum=0.9)
stopper = EarlyStopping()


def val_loss():
    model.eval()
    with torch.no_grad():
        return criterion(model(val_data[0]), val_data[1]).item()


for epoch in range(120):
    model.train()
    for idx in torch.randperm(len(train_data[0])).split(16):
        optimizer.zero_grad()
        criterion(model(train_data[0][idx]), train_data[1][idx]).backward()
        optimizer.step()
    if stopper(val_loss(), model):
        break

model.load_state_dict(stopper.best_state)
model.eval()
with torch.no_grad():
    pred = sy.inverse_transform(model(test_data[0]).numpy())[:, 0]
print("멈춘 에폭", epoch, "검증 손실", round(stopper.best_loss, 4))
print("시험 RMSE", round(float(np.sqrt(np.mean((pred - y_te) ** 2))), 3))
