import torch
import torch.nn as nn
import torch.optim as optim
from torch.utils.data import Dataset, DataLoader, WeightedRandomSampler


class Blobs(Dataset):
    def __init__(self, counts, seed):
        g = torch.Generator().manual_seed(seed)
        mu = torch.tensor([[0.0, 0.0], [2.0, 1.0], [-1.0, 2.0]])
        self.labels = torch.cat([torch.full((c,), k) for k, c in enumerate(counts)])
        self.points = mu[self.labels] + torch.randn(sum(counts), 2, generator=g) * 0.8

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        return self.points[i], self.labels[i]


def balanced_loader(ds, batch_size):
    counts = torch.bincount(ds.labels)
    class_weight = 1.0 / counts.float()
    sampler = WeightedRandomSampler(class_weight, num_samples=len(ds), replacement=True)
    return DataLoader(ds, batch_size=batch_size, sampler=sampler)


class Net(nn.Module):
    def __init__(self):
        super(Net, self).__init__()
        self.fc1 = nn.Linear(2, 16)
        self.fc2 = nn.Linear(16, 3)

    def forward(self, x):
        return self.fc2(torch.tanh(self.fc1(x)))


def evaluate(net, ds):
    net.eval()
    correct = torch.zeros(3)
    total = torch.zeros(3)
    with torch.no_grad():
        for x, y in DataLoader(ds, batch_size=128):
            p = net(x).argmax(1)
            for k in range(3):
                correct[k] += ((p == k) & (y == k)).sum()
                total[k] += (y == k).sum()
    net.train()
    return (correct / total).mean().item()


torch.manual_seed(1)
train_set = Blobs([800, 90, 40], seed=1)
test_set = Blobs([200, 200, 200], seed=2)
loader = balanced_loader(train_set, 32)
net = Net()
opt = optim.Adam(net.parameters(), lr=0.01)
criterion = nn.CrossEntropyLoss()
for epoch in range(5):
    running, seen = 0.0, 0
    for x, y in loader:
        opt.zero_grad()
        loss = criterion(net(x), y)
        loss.backward()
        opt.step()
        running += loss.item() * y.size(0)
        seen += y.size(0)
    print('%d loss %.4f balanced acc %.3f' % (epoch, running / seen, evaluate(net, test_set)))
