import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(23)
x = torch.randn(400, 6)
y = torch.where(x[:, :1] > 0, x[:, 1:2], -x[:, 1:2])
router = nn.Linear(6, 2)
branches = nn.ModuleList([nn.Linear(6, 1), nn.Linear(6, 1)])
opt = torch.optim.Adam([*router.parameters(), *branches.parameters()], lr=1e-2)
tau = 1.0
for epoch in range(8):
    for i in torch.randperm(400).split(40):
        gate = F.gumbel_softmax(router(x[i]), tau=tau, hard=True, dim=-1)
        out = torch.stack([b(x[i]) for b in branches], -1)
        loss = F.mse_loss((out * gate.unsqueeze(1)).sum(-1), y[i])
        opt.zero_grad()
        loss.backward()
        opt.step()
    tau = max(0.3, tau * 0.9)
    print(epoch, loss.item())
