import torch
import torch.nn as nn


def micro_batches(idx, size):
    return idx.split(size)


def train(model, opt, x, y, big, small):
    model.train()
    for window in torch.randperm(len(x)).split(big):
        opt.zero_grad()
        for i in micro_batches(window, small):
            loss = nn.functional.mse_loss(model(x[i]), y[i], reduction="sum") / len(window)
            loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        opt.step()


torch.manual_seed(25)
x = torch.randn(410, 7)
y = x[:, :1] ** 2
model = nn.Sequential(nn.Linear(7, 32), nn.ReLU(), nn.Linear(32, 1))
opt = torch.optim.Adam(model.parameters(), lr=5e-3)
for epoch in range(5):
    train(model, opt, x[:330], y[:330], 64, 16)
    model.eval()
    with torch.no_grad():
        print(epoch, nn.functional.mse_loss(model(x[330:]), y[330:]).item())
