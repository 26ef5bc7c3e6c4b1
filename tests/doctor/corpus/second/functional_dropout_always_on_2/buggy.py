import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
from torch.utils.data import DataLoader, TensorDataset


class ConvNet(nn.Module):
    def __init__(self):
        super(ConvNet, self).__init__()
        self.conv = nn.Conv1d(1, 16, 5, padding=2)
        self.fc1 = nn.Linear(16 * 10, 40)
        self.fc2 = nn.Linear(40, 4)

    def forward(self, x):
        x = F.max_pool1d(F.relu(self.conv(x)), 4)
        x = torch.flatten(x, 1)
        x = F.relu(self.fc1(x))
        x = F.dropout(x, 0.5)
        return self.fc2(x)


def waves(n, seed):
    g = torch.Generator().manual_seed(seed)
    k = torch.randint(0, 4, (n,), generator=g)
    t = torch.arange(40).float()
    f = torch.tensor([0.2, 0.3, 0.42, 0.55])[k].unsqueeze(1)
    ph = torch.rand(n, 1, generator=g) * 6.28
    return (torch.sin(f * t + ph) + 0.5 * torch.randn(n, 40, generator=g)).unsqueeze(1), k


def train(model, device, loader, optimizer, epoch):
    model.train()
    for data, target in loader:
        data, target = data.to(device), target.to(device)
        optimizer.zero_grad()
        loss = F.cross_entropy(model(data), target)
        loss.backward()
        optimizer.step()
    print('Epoch', epoch, 'loss', round(loss.item(), 4))


def test(model, device, loader):
    model.eval()
    test_loss, correct = 0, 0
    with torch.no_grad():
        for data, target in loader:
            data, target = data.to(device), target.to(device)
            output = model(data)
            test_loss += F.cross_entropy(output, target, reduction='sum').item()
            correct += output.argmax(1).eq(target).sum().item()
    n = len(loader.dataset)
    print('Test loss {:.4f} accuracy {:.3f}'.format(test_loss / n, correct / n))


torch.manual_seed(1)
device = torch.device('cpu')
train_loader = DataLoader(TensorDataset(*waves(800, 1)), batch_size=40, shuffle=True)
test_loader = DataLoader(TensorDataset(*waves(400, 2)), batch_size=200)
model = ConvNet().to(device)
optimizer = optim.Adam(model.parameters(), lr=2e-3)
for epoch in range(1, 9):
    train(model, device, train_loader, optimizer, epoch)
test(model, device, test_loader)
