import copy
import torch
from torch import nn

torch.manual_seed(17)
meta = nn.Sequential(nn.Linear(1, 24), nn.Tanh(), nn.Linear(24, 1))
for it in range(15):
    phase = torch.rand(()) * 3
    x = torch.rand(30, 1) * 6 - 3
    y = torch.sin(x + phase)
    fast = copy.deepcopy(meta)
    opt = torch.optim.SGD(fast.parameters(), lr=0.02)
    for _ in range(5):
        opt.zero_grad()
        loss = nn.functional.mse_loss(fast(x), y)
        loss.backward()
        opt.step()
    with torch.no_grad():
        for m, f in zip(meta.parameters(), fast.parameters()):
            m += 0.1 * (f - m)
print("last task loss", loss.item())
