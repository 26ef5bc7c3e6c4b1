import torch
from torch import nn

torch.manual_seed(53)
x = torch.randn(400, 4)
y = (x[:, 0] - x[:, 3] > 0).float().unsqueeze(1)
model = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 1), nn.Sigmoid())
loss_fn = nn.BCELoss()
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
for epoch in range(5):
    model.train()
    for i in torch.randperm(320).split(32):
        optimizer.zero_grad()
        loss_fn(model(x[i]), y[i]).backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        print(epoch, ((model(x[320:]) > 0.5).float() == y[320:]).float().mean().item())
