import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import Dataset, DataLoader


class Rings(Dataset):
    def __init__(self, n, seed):
        g = torch.Generator().manual_seed(seed)
        self.label = (torch.arange(n) % 2).float()
        angle = 6.2832 * torch.rand(n, generator=g)
        radius = 1.0 + self.label + 0.25 * torch.randn(n, generator=g)
        self.points = torch.stack([radius * angle.cos(), radius * angle.sin()], dim=1)

    def __len__(self):
        return len(self.label)

    def __getitem__(self, i):
        return self.points[i], self.label[i]


class Net(nn.Module):
    def __init__(self):
        super(Net, self).__init__()
        self.fc1 = nn.Linear(2, 32)
        self.fc2 = nn.Linear(32, 1)

    def forward(self, x):
        return self.fc2(torch.relu(self.fc1(x)))


def train(model, loader, optimizer):
    model.train()
    for points, label in loader:
        optimizer.zero_grad()
        loss = F.binary_cross_entropy_with_logits(model(points), label.unsqueeze(1))
        loss.backward()
        optimizer.step()


def evaluate(model, loader):
    model.eval()
    rates, sizes = [], []
    with torch.no_grad():
        for points, label in loader:
            pred = (torch.sigmoid(model(points)) > 0.5).float()
            rates.append((pred == label).float().mean())
            sizes.append(len(label))
    rates, sizes = torch.stack(rates), torch.tensor(sizes)
    return (rates * sizes).sum().item() / sizes.sum().item()


def main():
    torch.manual_seed(11)
    train_loader = DataLoader(Rings(600, 1), batch_size=32, shuffle=True)
    test_loader = DataLoader(Rings(300, 2), batch_size=64)
    model = Net()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for epoch in range(20):
        train(model, train_loader, optimizer)
    print("test accuracy: {:.1%}".format(evaluate(model, test_loader)))


main()
