import contextlib
import torch
from torch import nn


@contextlib.contextmanager
def evaluation(*modules):
    states = [m.training for m in modules]
    for m in modules:
        m.eval()
    try:
        with torch.no_grad():
            yield modules
    finally:
        for m, s in zip(modules, states):
            m.train(s)


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(12, 24), nn.BatchNorm1d(24), nn.ReLU(), nn.Dropout(0.3))

    def forward(self, x):
        return self.net(x)


torch.manual_seed(0)
enc, head = Encoder(), nn.Linear(24, 1)
params = list(enc.parameters()) + list(head.parameters())
opt = torch.optim.Adam(params, lr=3e-3)
x = torch.randn(900, 12)
y = x[:, :1] - 2 * x[:, 1:2] * x[:, 2:3]
x_tr, y_tr, x_va, y_va = x[:700], y[:700], x[700:], y[700:]
enc.train(); head.train()
for it in range(300):
    i = torch.randint(0, 700, (64,))
    loss = nn.functional.huber_loss(head(enc(x_tr[i])), y_tr[i])
    opt.zero_grad()
    loss.backward()
    total = torch.nn.utils.clip_grad_norm_(params, 2.0)
    opt.step()
    if it % 50 == 49:
        with evaluation(enc, head):
            print(it + 1, float(total), nn.functional.huber_loss(head(enc(x_va)), y_va).item())
