import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(24)
x = torch.randn(512, 10)
y = x[:, :3].argmax(1)
dl = DataLoader(TensorDataset(x, y), batch_size=16, shuffle=True)
net = nn.Sequential(nn.Linear(10, 32), nn.ReLU(), nn.Linear(32, 3))
opt = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
accum = 4
for epoch in range(4):
    net.train()
    opt.zero_grad(set_to_none=True)
    for i, (xb, yb) in enumerate(dl):
        loss = nn.functional.cross_entropy(net(xb), yb) / accum
        loss.backward()
        if (i + 1) % accum == 0:
            opt.step()
            opt.zero_grad(set_to_none=True)
    print(epoch, loss.item() * accum)
