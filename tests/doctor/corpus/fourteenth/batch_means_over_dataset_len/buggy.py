# House prices, second try: track train RMSE and validation RMSE each epoch
import math
import torch
from torch import nn, optim
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(5)
area = torch.rand(700, 1) * 150 + 30
rooms = torch.randint(1, 6, (700, 1)).float()
age = torch.rand(700, 1) * 50
price = 2.1 * area + 18 * rooms - 0.9 * age + 12 * torch.randn(700, 1)

features = torch.cat([area / 100, rooms / 5, age / 50], dim=1)
train_data = TensorDataset(features[:560], price[:560])
val_data = TensorDataset(features[560:], price[560:])
train_loader = DataLoader(train_data, batch_size=28, shuffle=True)
val_loader = DataLoader(val_data, batch_size=28)

net = nn.Sequential(nn.Linear(3, 32), nn.ReLU(), nn.Linear(32, 1))
criterion = nn.MSELoss()
optimizer = optim.Adam(net.parameters(), lr=0.05)

n_epochs = 15
for epoch in range(1, n_epochs + 1):
    train_loss, val_loss = 0.0, 0.0

    net.train()
    for data, target in train_loader:
        optimizer.zero_grad()
        loss = criterion(net(data), target)
        loss.backward()
        optimizer.step()
        train_loss += loss.item() * data.size(0)

    net.eval()
    with torch.no_grad():
        for data, target in val_loader:
            loss = criterion(net(data), target)
            val_loss += loss.item()

    train_rmse = math.sqrt(train_loss / len(train_loader.dataset))
    val_rmse = math.sqrt(val_loss / len(val_loader.dataset))
    print(f"Epoch: {epoch} \tTraining RMSE: {train_rmse:.2f} \tValidation RMSE: {val_rmse:.2f}")
