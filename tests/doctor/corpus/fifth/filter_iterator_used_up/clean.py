import numpy as np
import torch
from torch import nn

# GRU on the "adding" task, embedding table of positions is fixed
rng = np.random.default_rng(3)
torch.manual_seed(3)


def batch(n, steps=12):
    v = rng.uniform(-3, 3, size=(n, steps)).astype("float32")
    m = np.zeros((n, steps), dtype="float32")
    for row in m:
        row[rng.choice(steps, 2, replace=False)] = 1.0
    s = (v * m).sum(1)
    return torch.from_numpy(v), torch.from_numpy(m), torch.from_numpy(10 * s)


class Adder(nn.Module):
    def __init__(self, steps=12, hid=32):
        super().__init__()
        self.pos = nn.Embedding(steps, 4)
        self.pos.weight.requires_grad_(False)
        self.rnn = nn.GRU(6, hid, batch_first=True)
        self.head = nn.Linear(hid, 1)

    def forward(self, v, m):
        p = self.pos.weight.expand(len(v), -1, -1)
        out, _ = self.rnn(torch.cat([v[..., None], m[..., None], p], dim=-1))
        return self.head(out[:, -1]).squeeze(1)


net = Adder()
params = list(filter(lambda p: p.requires_grad, net.parameters()))
opt = torch.optim.SGD(params, lr=0.03, momentum=0.9)
mse = nn.MSELoss()

for it in range(600):
    net.train()
    v, m, t = batch(32)
    opt.zero_grad()
    loss = mse(net(v, m), t)
    loss.backward()
    for p in params:
        p.grad.clamp_(-0.5, 0.5)
    opt.step()
    if it % 150 == 149:
        net.eval()
        with torch.no_grad():
            v, m, t = batch(256)
            print(it + 1, "fresh-batch mse", round(mse(net(v, m), t).item(), 3))
