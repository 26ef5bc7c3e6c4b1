"""Titanic-style survival model, week 4 homework."""
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset


class SurvivalNet(nn.Module):
    def __init__(self, n_in):
        super().__init__()
        self.fc1 = nn.Linear(n_in, 24)
        self.fc2 = nn.Linear(24, 1)

    def forward(self, x):
        return self.fc2(torch.relu(self.fc1(x))).squeeze(1)


def make_passengers(n):
    # pclass, sex, age (scaled), fare (scaled)
    x = torch.stack([torch.randint(1, 4, (n,)).float() - 2, torch.randint(0, 2, (n,)).float(),
                     torch.randn(n), torch.rand(n)], dim=1)
    score = 1.6 * x[:, 1] - 0.8 * x[:, 0] - 0.3 * x[:, 2] - 0.4
    return x, (torch.rand(n) < torch.sigmoid(score)).float()


def evaluate(model, loader):
    model.eval()
    correct, total = 0, 0
    with torch.no_grad():
        for x, y in loader:
            out = model(x)
            predicted = (torch.sigmoid(out) > 0.5).float()
            correct += (predicted == y).sum().item()
            total += y.size(0)
    return 100.0 * correct / total


torch.manual_seed(7)
train_loader = DataLoader(TensorDataset(*make_passengers(900)), batch_size=64, shuffle=True)
valid_loader = DataLoader(TensorDataset(*make_passengers(400)), batch_size=100)

net = SurvivalNet(4)
criterion = nn.BCEWithLogitsLoss()
optimizer = torch.optim.Adam(net.parameters(), lr=0.005)

for epoch in range(12):
    net.train()
    for x, y in train_loader:
        optimizer.zero_grad()
        loss = criterion(net(x), y)
        loss.backward()
        optimizer.step()
    if epoch % 3 == 2:
        print(f"epoch {epoch + 1}: valid accuracy {evaluate(net, valid_loader):.2f}%")
