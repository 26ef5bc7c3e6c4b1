# -*- coding: utf-8 -*-
# 源域上预训练, 目标域样本很少, 只微调最后一层
import torch
import torch.nn as nn
import torch.optim as optim

torch.manual_seed(2024)

D = 30
basis = torch.randn(D, 6)


def sample(n, w):
    x = torch.randn(n, D)
    z = torch.tanh(x @ basis / D ** 0.5)
    return x, (z @ w + 0.05 * torch.randn(n, 1))


class Regressor(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Linear(D, 64), nn.Tanh())
        self.block = nn.Sequential(nn.Linear(64, 16), nn.Tanh())
        self.head = nn.Linear(16, 1)

    def forward(self, x):
        return self.head(self.block(self.stem(x)))


def freeze(*modules):
    for m in modules:
        m.requires_grad = False


def train(model, x, y, epochs, lr, batch_size):
    criterion = nn.MSELoss()
    optimizer = optim.Adam(filter(lambda p: p.requires_grad, model.parameters()), lr=lr)
    for _ in range(epochs):
        model.train()
        for i in torch.randperm(x.size(0)).split(batch_size):
            optimizer.zero_grad()
            loss = criterion(model(x[i]), y[i])
            loss.backward()
            optimizer.step()


def mse(model, x, y):
    model.eval()
    with torch.no_grad():
        return nn.functional.mse_loss(model(x), y).item()


w_source = torch.randn(6, 1)
w_target = w_source + 0.8 * torch.randn(6, 1)

# 预训练
xs, ys = sample(3000, w_source)
model = Regressor()
train(model, xs, ys, epochs=15, lr=3e-3, batch_size=100)

# 微调
xt, yt = sample(40, w_target)
xv, yv = sample(1000, w_target)
print('before fine-tuning %.4f' % mse(model, xv, yv))
freeze(model.stem, model.block)
model.head.reset_parameters()
train(model, xt, yt, epochs=200, lr=1e-2, batch_size=20)
print('after fine-tuning  %.4f' % mse(model, xv, yv))
