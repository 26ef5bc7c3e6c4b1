# Rare-event detection: 5 % positives, oversampled for training only.
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset, WeightedRandomSampler

torch.manual_seed(808)


def generate(n, rate=0.05):
    y = (torch.rand(n) < rate).long()
    x = torch.randn(n, 10)
    x[y == 1, :3] += 1.5
    return x, y


train_x, train_y = generate(2000)
test_x, test_y = generate(1000)

counts = torch.bincount(train_y, minlength=2)
sample_weights = (1.0 / counts.float())[train_y]
sampler = WeightedRandomSampler(sample_weights, num_samples=len(train_y), replacement=True)
train_loader = DataLoader(TensorDataset(train_x, train_y), batch_size=100, sampler=sampler)
test_loader = DataLoader(TensorDataset(test_x, test_y), batch_size=250)

net = nn.Sequential(nn.Linear(10, 20), nn.ReLU(), nn.Linear(20, 2))
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(net.parameters(), lr=3e-3, weight_decay=1e-4)


def confusion(net, loader):
    net.eval()
    m = torch.zeros(2, 2, dtype=torch.long)
    with torch.no_grad():
        for x, y in loader:
            pred = net(x).argmax(1)
            m += torch.bincount(2 * y + pred, minlength=4).view(2, 2)
    return m


print("class counts:", counts.tolist())
for epoch in range(8):
    net.train()
    for x, y in train_loader:
        optimizer.zero_grad()
        loss = criterion(net(x), y)
        loss.backward()
        optimizer.step()

m = confusion(net, test_loader)
recall = (m.diag().float() / m.sum(dim=1)).tolist()
precision = (m[1, 1].float() / m[:, 1].sum()).item()
print("confusion matrix (rows are true classes):", m.tolist())
print(f"recall neg {recall[0]:.3f} pos {recall[1]:.3f}, balanced accuracy {sum(recall) / 2:.3f}, precision {precision:.3f}")
