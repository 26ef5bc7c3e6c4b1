import torch
from torch import nn

torch.manual_seed(66)
block = nn.Sequential(nn.Linear(8, 8), nn.ReLU())  # used at every depth, like ALBERT
inp, out = nn.Linear(4, 8), nn.Linear(8, 2)
model = nn.ModuleDict({"inp": inp, "block": block, "out": out})
x = torch.randn(300, 4)
y = (x[:, 0] * x[:, 1] > 0).long()


def forward(v, depth=3):
    h = inp(v)
    for _ in range(depth):
        h = h + block(h)
    return out(h)


opt = torch.optim.Adam(model.parameters(), lr=1e-2)
for epoch in range(6):
    model.train()
    for i in torch.randperm(240).split(24):
        opt.zero_grad()
        nn.functional.cross_entropy(forward(x[i]), y[i]).backward()
        opt.step()
    model.eval()
    with torch.no_grad():
        print(epoch, (forward(x[240:]).argmax(1) == y[240:]).float().mean().item())
