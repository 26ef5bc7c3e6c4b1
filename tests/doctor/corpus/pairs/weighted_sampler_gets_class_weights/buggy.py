import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, WeightedRandomSampler

torch.manual_seed(29)
x = torch.randn(600, 6)
y = (x[:, 0] > 1.0).long()
train = TensorDataset(x[:480], y[:480])
counts = torch.bincount(y[:480]).float()
class_weights = 1.0 / counts
sampler = WeightedRandomSampler(class_weights, num_samples=480, replacement=True)
loader = DataLoader(train, batch_size=40, sampler=sampler)
model = nn.Sequential(nn.Linear(6, 32), nn.ReLU(), nn.Linear(32, 2))
opt = torch.optim.Adam(model.parameters(), lr=3e-3)
for epoch in range(5):
    model.train()
    for xb, yb in loader:
        opt.zero_grad()
        nn.functional.cross_entropy(model(xb), yb).backward()
        opt.step()
    model.eval()
    with torch.no_grad():
        pred = model(x[480:]).argmax(1)
    rec = [(pred[y[480:] == c] == c).float().mean().item() for c in (0, 1)]
    print(epoch, [round(r, 3) for r in rec])
