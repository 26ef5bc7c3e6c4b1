import torch
import torch.nn as nn
import torch.optim as optim

torch.manual_seed(9)
N = 512
t = torch.linspace(0, 6.28, N).unsqueeze(1)
series = torch.sin(t) + 0.05 * torch.randn(N, 1)

model = nn.Sequential(nn.Linear(1, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 1))
optimizer = optim.Adam(model.parameters(), lr=0.005)
criterion = nn.MSELoss()

for epoch in range(1, 6):
    epoch_loss = 0
    for idx in torch.randperm(N).split(64):
        pred = model(t[idx])
        loss = criterion(pred, series[idx])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        epoch_loss += loss.item()
    print("Epoch %d: loss %.5f" % (epoch, epoch_loss / (N // 64)))
