import torch
import torch.nn as nn

torch.manual_seed(13)
x = torch.randn(1024, 10)
y = x[:, :1] ** 2 - x[:, 1:2]
model = nn.Sequential(nn.Linear(10, 64), nn.ReLU(), nn.Linear(64, 1))
criterion = nn.MSELoss(reduction="mean")
optimizer = torch.optim.SGD(model.parameters(), lr=0.002)
for epoch in range(8):
    model.train()
    running, seen = 0.0, 0
    for i in torch.randperm(1024).split(128):
        loss = criterion(model(x[i]), y[i])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        running += loss.item()
        seen += 1
    print(epoch, running / seen)
