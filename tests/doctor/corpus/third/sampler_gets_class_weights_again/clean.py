import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset, WeightedRandomSampler

torch.manual_seed(7)


def imbalanced(counts, dim=8, spread=1.3):
    centres = torch.randn(len(counts), dim, generator=torch.Generator().manual_seed(99))
    y = torch.repeat_interleave(torch.arange(len(counts)), torch.tensor(counts))
    y = y[torch.randperm(len(y))]
    return TensorDataset(centres[y] + spread * torch.randn(len(y), dim), y)


def make_sampler(dataset):
    targets = dataset.tensors[1]
    class_weights = 1.0 / torch.bincount(targets).double()
    weights = class_weights[targets]
    return WeightedRandomSampler(weights, num_samples=len(dataset), replacement=True)


train_set = imbalanced([700, 150, 50])
test_set = imbalanced([100, 100, 100])
train_loader = DataLoader(train_set, batch_size=30, sampler=make_sampler(train_set))
test_loader = DataLoader(test_set, batch_size=100)

net = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 3))
optim = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
ce = nn.CrossEntropyLoss()

for epoch in range(1, 9):
    net.train()
    running = 0.0
    for xb, yb in train_loader:
        optim.zero_grad()
        loss = ce(net(xb), yb)
        loss.backward()
        optim.step()
        running += loss.item() * yb.size(0)
    print(f'epoch {epoch} loss {running / len(train_set):.4f}')

net.eval()
recall = torch.zeros(3)
with torch.no_grad():
    for xb, yb in test_loader:
        hit = net(xb).argmax(1) == yb
        recall += torch.bincount(yb[hit], minlength=3) / 100
print('recall per class', recall.tolist())
