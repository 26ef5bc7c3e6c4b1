"""Balanced batches by a sampler; at test time the logits are moved back to the true class frequencies."""
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset, WeightedRandomSampler

torch.manual_seed(0)


def draw(n):
    y = (torch.rand(n) < 0.08).long()
    x = torch.randn(n, 5)
    x[:, :2] += 1.3 * y[:, None]
    return x, y


train_x, train_y = draw(3000)
test_x, test_y = draw(2000)
count = torch.bincount(train_y, minlength=2)
sampler = WeightedRandomSampler((1.0 / count)[train_y], num_samples=len(train_y), replacement=True)
loader = DataLoader(TensorDataset(train_x, train_y), batch_size=100, sampler=sampler)      # a sampler excludes shuffle
plain = DataLoader(TensorDataset(test_x, test_y), batch_size=500)

net = nn.Sequential(nn.Linear(5, 32), nn.ReLU(), nn.Linear(32, 2))
opt = torch.optim.Adam(net.parameters(), lr=2e-3, weight_decay=1e-4)
ce = nn.CrossEntropyLoss()           # no class weights besides: the sampler balances already
prior = (count / count.sum()).log()

for epoch in range(6):
    net.train()
    pos = seen = 0
    for x, y in loader:
        opt.zero_grad()
        loss = ce(net(x), y)
        loss.backward()
        opt.step()
        pos += y.sum().item()
        seen += len(y)
    print(f"epoch {epoch}: share of the rare class in the batches {pos / seen:.3f}, last loss {loss.item():.3f}")

net.eval()
raw, shifted, labels = [], [], []
with torch.no_grad():
    for x, y in plain:
        out = net(x)
        raw.append(out.softmax(1)[:, 1])
        shifted.append((out + prior).softmax(1)[:, 1])
        labels.append(y)
raw, shifted, labels = map(torch.cat, (raw, shifted, labels))
brier = lambda p: (p - labels.float()).square().mean().item()
pred = raw > 0.5
tp = (pred & (labels == 1)).sum().item()
tn = (~pred & (labels == 0)).sum().item()
recall, spec = tp / (labels == 1).sum().item(), tn / (labels == 0).sum().item()
print(f"balanced accuracy {(recall + spec) / 2:.3f}")
print(f"Brier score balanced {brier(raw):.4f}, moved to the true prior {brier(shifted):.4f}; "
      f"mean p {shifted.mean():.3f} vs frequency {labels.float().mean():.3f}")
