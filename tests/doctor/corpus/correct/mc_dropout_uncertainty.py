import torch
from torch import nn

torch.manual_seed(91)
x = torch.rand(200, 1) * 4 - 2
y = x.cos()
net = nn.Sequential(nn.Linear(1, 64), nn.ReLU(), nn.Dropout(0.1), nn.Linear(64, 1))
opt = torch.optim.Adam(net.parameters(), lr=5e-3)
for epoch in range(8):
    net.train()
    for i in torch.randperm(200).split(25):
        opt.zero_grad()
        nn.functional.mse_loss(net(x[i]), y[i]).backward()
        opt.step()


def enable_dropout(model):
    for m in model.modules():
        if isinstance(m, nn.Dropout):
            m.train()


net.eval()
enable_dropout(net)
with torch.no_grad():
    draws = torch.stack([net(torch.tensor([[0.0], [3.0]])) for _ in range(50)])
print("mean", draws.mean(0).flatten().tolist(), "std", draws.std(0).flatten().tolist())
