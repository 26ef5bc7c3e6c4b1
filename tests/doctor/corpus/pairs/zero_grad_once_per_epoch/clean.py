import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(21)
x = torch.randn(480, 9)
y = x[:, :3].argmax(dim=1)
dl = DataLoader(TensorDataset(x[:400], y[:400]), batch_size=20, shuffle=True)
net = nn.Sequential(nn.Linear(9, 30), nn.ReLU(), nn.Linear(30, 3))
sgd = torch.optim.SGD(net.parameters(), lr=0.02)
ce = nn.CrossEntropyLoss()
for epoch in range(5):
    net.train()
    for xb, yb in dl:
        sgd.zero_grad()
        loss = ce(net(xb), yb)
        loss.backward()
        sgd.step()
    net.eval()
    with torch.no_grad():
        print(epoch, (net(x[400:]).argmax(1) == y[400:]).float().mean().item())
