from __future__ import print_function

import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
import torch.utils.data as data

batch_size = 25
base_lr = 0.25
n_epochs = 26


class Checkers(data.Dataset):
    def __init__(self, n, cells=3, noise=0.08):
        self.pts = torch.rand(n, 2)
        col = (self.pts * cells).floor().long().sum(1) % 2
        wrong = torch.rand(n) < noise
        self.lab = torch.where(wrong, 1 - col, col)

    def __getitem__(self, index):
        return self.pts[index] * 2 - 1, self.lab[index]

    def __len__(self):
        return self.pts.size(0)


class Net(nn.Module):
    def __init__(self):
        super(Net, self).__init__()
        self.fc1 = nn.Linear(2, 80)
        self.fc2 = nn.Linear(80, 80)
        self.fc3 = nn.Linear(80, 2)

    def forward(self, x):
        x = F.relu(self.fc1(x))
        x = F.relu(self.fc2(x))
        return F.log_softmax(self.fc3(x), dim=1)


def adjust_learning_rate(optimizer, epoch):
    """Halves the rate every second epoch after the sixteenth."""
    lr = base_lr * (0.5 ** max(0, (epoch - 16) // 2))
    optimizer.lr = lr


def train(model, loader, optimizer, epoch):
    model.train()
    for batch_idx, (x, target) in enumerate(loader):
        optimizer.zero_grad()
        output = model(x)
        loss = F.nll_loss(output, target)
        loss.backward()
        optimizer.step()
        if batch_idx % 30 == 0:
            print("Train Epoch: {} [{}/{}]\tLoss: {:.6f}".format(epoch, batch_idx * batch_size, len(loader.dataset), loss.item()))


def test(model, loader):
    model.eval()
    test_loss, correct = 0, 0
    with torch.no_grad():
        for x, target in loader:
            output = model(x)
            test_loss += F.nll_loss(output, target, reduction="sum").item()
            pred = output.max(1, keepdim=True)[1]
            correct += pred.eq(target.view_as(pred)).sum().item()
    n = len(loader.dataset)
    print("Test: average loss {:.4f}, accuracy {}/{}".format(test_loss / n, correct, n))


torch.manual_seed(1)
train_loader = data.DataLoader(Checkers(1200), batch_size=batch_size, shuffle=True)
test_loader = data.DataLoader(Checkers(600, noise=0.0), batch_size=200)
model = Net()
optimizer = optim.SGD(model.parameters(), lr=base_lr)
for epoch in range(1, n_epochs + 1):
    adjust_learning_rate(optimizer, epoch)
    train(model, train_loader, optimizer, epoch)
test(model, test_loader)
