import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(110)
x = torch.randn(500, 4)
y = x.sum(1, keepdim=True).cos()
trainloader = DataLoader(TensorDataset(x, y), batch_size=50, shuffle=True)
net = nn.Sequential(nn.Linear(4, 32), nn.Tanh(), nn.Linear(32, 1))
criterion, optimizer = nn.MSELoss(), torch.optim.Adam(net.parameters(), lr=5e-3)
for epoch in range(5):
    net.train()
    running_loss = 0.0
    for inputs, labels in trainloader:
        optimizer.zero_grad()
        loss = criterion(net(inputs), labels)
        loss.backward()
        optimizer.step()
        running_loss += loss.item()
    print("epoch %d loss %.5f" % (epoch, running_loss / len(trainloader)))
