# -*- coding: utf-8 -*-
import numpy as np
import torch
import torch.nn as nn

np.random.seed(5)
torch.manual_seed(5)

# 가상의 전력 사용량 데이터
n = 1200
temp = np.random.uniform(-10, 35, n)
hour = np.random.randint(0, 24, n)
holiday = np.random.binomial(1, 0.3, n)
usage = 0.05 * (temp - 18) ** 2 + 8 * np.exp(-((hour - 14) / 5.0) ** 2) - 3 * holiday + np.random.normal(0, 0.5, n)

feats = np.stack([temp / 35, np.sin(2 * np.pi * hour / 24), np.cos(2 * np.pi * hour / 24), holiday], 1)
x_train, x_test = torch.FloatTensor(feats[:900]), torch.FloatTensor(feats[900:])
mu, sd = usage[:900].mean(), usage[:900].std()
y_train, y_test = torch.FloatTensor((usage[:900] - mu) / sd), torch.FloatTensor((usage[900:] - mu) / sd)


class UsageNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(4, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 1))

    def forward(self, x):
        return self.layers(x).squeeze(1)


model = UsageNet()
optimizer = torch.optim.Adam(model.parameters(), lr=0.003)

# 학습
for epoch in range(30):
    model.train()
    total = 0.0
    for idx in torch.randperm(900).split(60):
        err = model(x_train[idx]) - y_train[idx]
        loss = torch.mean(err ** 2)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item() * len(idx)
    if (epoch + 1) % 10 == 0:
        print("epoch", epoch + 1, "train mse", round(total / 900, 4))

# 평가
model.eval()
with torch.no_grad():
    pred = model(x_test)
    rmse = torch.sqrt(torch.mean((pred - y_test) ** 2)) * sd
print("test rmse (kWh):", round(float(rmse), 3))
