import torch
from torch import nn
import torch.nn.functional as F


class Scale(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.register_buffer("gain", torch.linspace(0.5, 1.5, d))
        self.lin = nn.Linear(d, d)

    def forward(self, x):
        x *= self.gain
        return F.relu(self.lin(x)) + x


class Model(nn.Module):
    def __init__(self, d, k):
        super().__init__()
        self.s = Scale(d)
        self.o = nn.Linear(d, k)

    def forward(self, x):
        return self.o(self.s(x))


def fit(model, x, y, epochs):
    opt = torch.optim.Adam(model.parameters(), lr=2e-3)
    chunks = list(zip(x.split(40), y.split(40)))
    for e in range(epochs):
        model.train()
        tot = 0.0
        for xb, yb in chunks:
            opt.zero_grad()
            loss = F.cross_entropy(model(xb), yb)
            loss.backward()
            opt.step()
            tot += loss.item()
        print("epoch", e, tot / len(chunks))


torch.manual_seed(2)
x = torch.randn(400, 10)
y = x.abs().argmax(1)
fit(Model(10, 10), x, y, 6)
