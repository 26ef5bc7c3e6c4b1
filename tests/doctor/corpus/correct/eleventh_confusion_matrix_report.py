import argparse

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, WeightedRandomSampler

parser = argparse.ArgumentParser()
parser.add_argument("--epochs", type=int, default=10)
parser.add_argument("--lr", type=float, default=5e-3)
parser.add_argument("--seed", type=int, default=3)
args = parser.parse_args()

torch.manual_seed(args.seed)
rng = np.random.default_rng(args.seed)

CLASSES = ["walk", "run", "cycle"]
PRIOR = [0.7, 0.2, 0.1]


def recordings(n):
    y = rng.choice(3, size=n, p=PRIOR)
    speed = np.array([1.4, 3.2, 5.0])[y] + rng.normal(0, 0.7, n)
    bounce = np.array([0.9, 1.8, 0.2])[y] + rng.normal(0, 0.4, n)
    cadence = np.array([1.8, 2.7, 1.3])[y] + rng.normal(0, 0.4, n)
    return torch.tensor(np.stack([speed, bounce, cadence], 1), dtype=torch.float32), torch.from_numpy(y)


x_train, y_train = recordings(900)
x_test, y_test = recordings(400)
mu, sd = x_train.mean(0), x_train.std(0)
x_train, x_test = (x_train - mu) / sd, (x_test - mu) / sd

# rare classes are drawn more often, so every class weighs the same
weights = (1.0 / torch.bincount(y_train, minlength=3))[y_train]
sampler = WeightedRandomSampler(weights, num_samples=len(y_train), replacement=True)
loader = DataLoader(TensorDataset(x_train, y_train), batch_size=45, sampler=sampler)

model = nn.Sequential(nn.Linear(3, 16), nn.ReLU(), nn.Linear(16, 3))
opt = torch.optim.Adam(model.parameters(), lr=args.lr)
ce = nn.CrossEntropyLoss()
for _ in range(args.epochs):
    model.train()
    for x, y in loader:
        opt.zero_grad()
        ce(model(x), y).backward()
        opt.step()

model.eval()
with torch.no_grad():
    pred = model(x_test).argmax(1)
matrix = torch.bincount(3 * y_test + pred, minlength=9).view(3, 3)

print("rows: truth, columns: prediction")
for name, row in zip(CLASSES, matrix.tolist()):
    print(f"{name:>6s}", row)
recall = matrix.diag() / matrix.sum(1).clamp(min=1)
precision = matrix.diag() / matrix.sum(0).clamp(min=1)
for k, name in enumerate(CLASSES):
    print(f"{name:>6s} precision {precision[k]:.3f} recall {recall[k]:.3f}")
print(f"accuracy {matrix.diag().sum() / matrix.sum():.3f}, balanced {recall.mean():.3f}")
