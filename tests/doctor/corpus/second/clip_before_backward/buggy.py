import torch
import torch.nn as nn
from torch.nn.utils import clip_grad_norm_

torch.manual_seed(27)


class Memory(nn.Module):
    def __init__(self, hidden=32):
        super().__init__()
        self.rnn = nn.RNN(1, hidden, batch_first=True)
        self.out = nn.Linear(hidden, 1)

    def forward(self, x, h=None):
        z, h = self.rnn(x, h)
        return self.out(z), h


def series(n):
    t = torch.arange(n + 1).float()
    s = torch.sin(0.2 * t) + 0.5 * torch.sin(0.031 * t) + 0.4 * (torch.rand(n + 1) < 0.02) * 20
    return s.view(1, -1, 1)


def optimise(loss, model, opt, limit):
    opt.zero_grad()
    clip_grad_norm_(model.parameters(), limit)
    loss.backward()
    opt.step()


signal = series(1200)
model = Memory()
opt = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
for epoch in range(4):
    model.train()
    h = None
    total, count = 0.0, 0
    for start in range(0, 1200, 40):
        piece = signal[:, start:start + 41]
        pred, h = model(piece[:, :-1], h)
        h = h.detach()
        loss = nn.functional.mse_loss(pred, piece[:, 1:])
        optimise(loss, model, opt, limit=0.5)
        total, count = total + loss.item(), count + 1
    print(f"epoch {epoch}: one-step error {total / count:.4f}")
