# 잡음 제거 오토인코더: 정현파 신호
import math
import torch
from torch import nn


def make_signals(n, length=48):
    """주파수와 위상이 무작위인 신호."""
    t = torch.linspace(0, 1, length)
    f = torch.rand(n, 1) * 3 + 1
    ph = torch.rand(n, 1) * 2 * math.pi
    return torch.sin(2 * math.pi * f * t + ph)


class Denoiser(nn.Module):
    def __init__(self, length=48, code=10):
        super(Denoiser, self).__init__()
        self.enc = nn.Sequential(nn.Linear(length, 40), nn.ReLU(), nn.Linear(40, code))
        self.dec = nn.Sequential(nn.Linear(code, 40), nn.ReLU(), nn.Linear(40, length))

    def forward(self, x):
        return self.dec(self.enc(x))


def corrupt(x, sigma=0.4):
    # 잡음 추가
    noisy = x + sigma * torch.randn_like(x)
    return noisy


def train(model, data, epochs=20, bs=50, lr=2e-3):
    opt = torch.optim.Adam(model.parameters(), lr=lr)
    mse = nn.MSELoss()
    log = []
    for ep in range(epochs):
        model.train()
        s = 0.0
        for k in range(0, len(data), bs):
            target = data[k:k + bs]
            noisy = corrupt(target)
            loss = mse(model(noisy), target)
            opt.zero_grad()
            loss.backward()
            opt.step()
            s += loss.item() * len(target)
        log.append(s / len(data))
        data = data[torch.randperm(len(data))]  # 다음 에폭 순서
    return log


def test(model, data):
    model.eval()
    with torch.no_grad():
        out = model(corrupt(data))
        return torch.mean((out - data) ** 2).item()


torch.manual_seed(0)
train_x = make_signals(1000)
test_x = make_signals(200)
net = Denoiser()
curve = train(net, train_x)
print("첫/끝 손실: %.4f %.4f" % (curve[0], curve[-1]))
print("테스트 MSE: %.4f" % test(net, test_x))
