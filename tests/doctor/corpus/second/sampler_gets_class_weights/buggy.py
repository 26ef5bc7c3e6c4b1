import torch
import torch.nn as nn
from sklearn.metrics import balanced_accuracy_score
from torch.utils.data import DataLoader, TensorDataset, WeightedRandomSampler

torch.manual_seed(83)


def population(n):
    y = torch.multinomial(torch.tensor([0.8, 0.15, 0.05]), n, replacement=True)
    centers = torch.tensor([[0.0, 0, 0], [1.5, 0, 1], [0, 1.5, -1]])
    return centers[y] + 0.8 * torch.randn(n, 3), y


def balanced_sampler(labels, n_classes):
    counts = torch.bincount(labels, minlength=n_classes).float()
    class_weights = 1.0 / counts
    return WeightedRandomSampler(class_weights, num_samples=len(labels), replacement=True)


x, y = population(1000)
xt, yt = population(2000)
loader = DataLoader(TensorDataset(x, y), batch_size=50, sampler=balanced_sampler(y, 3))
model = nn.Sequential(nn.Linear(3, 24), nn.ReLU(), nn.Linear(24, 3))
opt = torch.optim.Adam(model.parameters(), lr=5e-3)
for epoch in range(8):
    model.train()
    for xb, yb in loader:
        opt.zero_grad()
        nn.functional.cross_entropy(model(xb), yb).backward()
        opt.step()
model.eval()
with torch.no_grad():
    pred = model(xt).argmax(1)
print("balanced accuracy", round(float(balanced_accuracy_score(yt.numpy(), pred.numpy())), 4))
