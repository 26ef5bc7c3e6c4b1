import math
import torch
import torch.nn as nn

torch.manual_seed(7)
t = torch.arange(700).float()
series = torch.sin(t * 2 * math.pi / 40) + 0.002 * t + 0.3 * torch.randn(700)
W = 24
windows = series.unfold(0, W + 1, 1)
past, future = windows[:, :W], windows[:, W:]

n = len(windows)
order = torch.randperm(n)
tr, va = order[: int(0.8 * n)], order[int(0.8 * n) :]


class Forecaster(nn.Module):
    def __init__(self):
        super().__init__()
        self.gru = nn.GRU(1, 24, batch_first=True)
        self.lin = nn.Linear(24, 1)

    def forward(self, w):
        _, h = self.gru(w.unsqueeze(-1))
        return self.lin(h[-1])


f = Forecaster()
opt = torch.optim.Adam(f.parameters(), lr=5e-3)
for epoch in range(4):
    f.train()
    for b in tr[torch.randperm(len(tr))].split(64):
        opt.zero_grad()
        loss = nn.functional.mse_loss(f(past[b]), future[b])
        loss.backward()
        opt.step()
    f.eval()
    with torch.no_grad():
        print(epoch, "val", nn.functional.mse_loss(f(past[va]), future[va]).item())
