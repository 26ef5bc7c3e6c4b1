import torch
import torch.nn as nn


def binarize(x):
    hard = torch.where(x >= 0, 1.0, -1.0)
    soft = torch.tanh(x)
    return soft + (hard - soft).detach()


class BinaryCode(nn.Module):
    def __init__(self, n_in, bits):
        super().__init__()
        self.enc = nn.Sequential(nn.Linear(n_in, 48), nn.ReLU(), nn.Linear(48, bits))
        self.dec = nn.Sequential(nn.Linear(bits, 48), nn.ReLU(), nn.Linear(48, n_in))

    def forward(self, x):
        code = binarize(self.enc(x))
        return self.dec(code), code


torch.manual_seed(66)
centers = 2 * torch.randn(16, 10)
pick = torch.randint(0, 16, (1000,))
x = centers[pick] + 0.2 * torch.randn(1000, 10)
model = BinaryCode(10, 6)
opt = torch.optim.Adam(model.parameters(), lr=3e-3)
for epoch in range(15):
    model.train()
    for idx in torch.randperm(800).split(50):
        rec, _ = model(x[idx])
        loss = nn.functional.mse_loss(rec, x[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
model.eval()
with torch.no_grad():
    rec, code = model(x[800:])
    print("val mse", nn.functional.mse_loss(rec, x[800:]).item(), "codes used", len(code.unique(dim=0)))
