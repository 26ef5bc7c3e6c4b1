import torch
import torch.nn as nn
import warnings

warnings.filterwarnings("ignore")
torch.manual_seed(19)
area = torch.rand(500) * 3
rooms = torch.randint(1, 6, (500,)).float()
price = 2.0 * area + 0.5 * rooms + 0.1 * torch.randn(500)
features = torch.stack([area, rooms], dim=1)

model = nn.Sequential(nn.Linear(2, 32), nn.ReLU(), nn.Linear(32, 1))
criterion = nn.MSELoss()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)

for epoch in range(8):
    model.train()
    for idx in torch.randperm(400).split(40):
        optimizer.zero_grad()
        pred = model(features[idx])
        loss = criterion(pred.squeeze(1), price[idx])
        loss.backward()
        optimizer.step()
    print(f"epoch {epoch} loss {loss.item():.4f}")
