import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(21)


def houses(n):
    area = 40 + 160 * torch.rand(n)
    rooms = (area / 28 + torch.randn(n)).round().clamp(1, 8)
    age = 80 * torch.rand(n)
    price = 2.1 * area + 9.0 * rooms - 0.8 * age + 15.0 * torch.randn(n) + 60.0
    return torch.stack([area, rooms, age], dim=1), price.unsqueeze(1)


class Standardizer:
    def fit(self, t):
        self.mean, self.std = t.mean(dim=0), t.std(dim=0)
        return self

    def transform(self, t):
        return (t - self.mean) / self.std

    def inverse_transform(self, t):
        return t * self.std + self.mean


x_train, y_train = houses(800)
x_test, y_test = houses(200)
x_scaler = Standardizer().fit(x_train)
y_scaler = Standardizer().fit(y_train)
train_loader = DataLoader(
    TensorDataset(x_scaler.transform(x_train), y_scaler.transform(y_train)), batch_size=40, shuffle=True
)
test_loader = DataLoader(TensorDataset(x_scaler.transform(x_test), y_test), batch_size=100)

model = nn.Sequential(nn.Linear(3, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 1))
criterion = nn.SmoothL1Loss()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)


def mean_absolute_error(loader):
    """Mean error in thousands of euros."""
    model.eval()
    error, count = 0.0, 0
    with torch.no_grad():
        for features, price in loader:
            estimate = y_scaler.inverse_transform(model(features))
            error += (estimate - price).abs().sum().item()
            count += price.numel()
    return error / count


for epoch in range(12):
    model.train()
    for features, target in train_loader:
        optimizer.zero_grad()
        loss = criterion(model(features), target)
        loss.backward()
        optimizer.step()
    print(f"epoch {epoch + 1:2d}: test MAE {mean_absolute_error(test_loader):.2f}")
