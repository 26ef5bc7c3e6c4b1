import copy
import torch
import torch.nn as nn

torch.manual_seed(84)
x = torch.randn(260, 10)
y = x[:, :1] * x[:, 1:2] + 0.2 * torch.randn(260, 1)
net = nn.Sequential(nn.Linear(10, 64), nn.ReLU(), nn.Linear(64, 1))
opt = torch.optim.Adam(net.parameters(), lr=1e-2)

best, bad, patience = float("inf"), 0, 4
best_state = None
for epoch in range(60):
    net.train()
    for b in torch.randperm(200).split(20):
        opt.zero_grad()
        nn.functional.mse_loss(net(x[b]), y[b]).backward()
        opt.step()
    net.eval()
    with torch.no_grad():
        val = nn.functional.mse_loss(net(x[200:]), y[200:]).item()
    if val < best:
        best = val
        bad = 0
        best_state = copy.deepcopy(net.state_dict())
    else:
        bad += 1
        if bad >= patience:
            print("stop at epoch", epoch)
            break
net.load_state_dict(best_state)
print("best", best)
