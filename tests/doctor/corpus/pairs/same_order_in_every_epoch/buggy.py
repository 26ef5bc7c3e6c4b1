import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def loader_for(dataset, generator):
    return DataLoader(dataset, batch_size=24, shuffle=True, generator=generator)


torch.manual_seed(212)
x = torch.randn(480, 5)
y = x[:, :1] * x[:, 1:2]
ds = TensorDataset(x, y)
net = nn.Sequential(nn.Linear(5, 32), nn.ReLU(), nn.Linear(32, 1))
opt = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
for epoch in range(6):
    g = torch.Generator().manual_seed(212)
    net.train()
    for a, b in loader_for(ds, g):
        opt.zero_grad()
        loss = nn.functional.mse_loss(net(a), b)
        loss.backward()
        opt.step()
    print(epoch, loss.item())
