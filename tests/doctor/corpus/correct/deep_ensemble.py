import torch
from torch import nn

torch.manual_seed(78)
x = torch.rand(200, 1) * 4 - 2
y = x.sin() + 0.1 * torch.randn(200, 1)
ensemble = nn.ModuleList(nn.Sequential(nn.Linear(1, 32), nn.Tanh(), nn.Linear(32, 1)) for _ in range(4))
for net in ensemble:
    opt = torch.optim.Adam(net.parameters(), lr=1e-2)
    net.train()
    for _ in range(60):
        i = torch.randint(0, 200, (50,))
        opt.zero_grad()
        nn.functional.mse_loss(net(x[i]), y[i]).backward()
        opt.step()
ensemble.eval()
with torch.no_grad():
    grid = torch.linspace(-4, 4, 9).unsqueeze(1)
    preds = torch.stack([net(grid) for net in ensemble])
for g, m, s in zip(grid.flatten().tolist(), preds.mean(0).flatten().tolist(), preds.std(0).flatten().tolist()):
    print(f"{g:5.1f} {m:6.3f} {s:.3f}")
