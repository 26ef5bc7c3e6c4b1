import torch
import torch.nn as nn
from sklearn.datasets import load_diabetes
from sklearn.model_selection import train_test_split
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)

# two tasks on one table: progression (regression) and bmi above the median (classification)
table = load_diabetes()
X = torch.tensor(table.data, dtype=torch.float32) / 0.0476
bmi = X[:, 2]
X = torch.cat([X[:, :2], X[:, 3:]], dim=1)
progress = torch.tensor(table.target, dtype=torch.float32)

train_idx, valid_idx = train_test_split(torch.arange(len(X)), test_size=0.25, random_state=0)
target_mean, target_std = progress[train_idx].mean(), progress[train_idx].std()
progress = (progress - target_mean) / target_std
heavy = (bmi > bmi[train_idx].median()).float()


class MultiTask(nn.Module):
    def __init__(self, n_in):
        super().__init__()
        self.shared = nn.Sequential(nn.Linear(n_in, 24), nn.ReLU())
        self.heads = nn.ModuleDict({
            "progress": nn.Linear(24, 1),
            "heavy": nn.Linear(24, 1),
        })

    def forward(self, x):
        h = self.shared(x)
        return {name: head(h).squeeze(1) for name, head in self.heads.items()}


CRITERIA = {"progress": nn.MSELoss(), "heavy": nn.BCEWithLogitsLoss()}
WEIGHTS = {"progress": 1.0, "heavy": 0.5}


def task_losses(outputs, targets):
    return {name: CRITERIA[name](outputs[name], targets[name]) for name in CRITERIA}


def combine(losses):
    parts = [WEIGHTS[name] * loss for name, loss in losses.items()]
    return torch.stack(parts).sum()


loader = DataLoader(TensorDataset(X[train_idx], progress[train_idx], heavy[train_idx]), batch_size=32, shuffle=True)
model = MultiTask(X.size(1))
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)

for epoch in range(20):
    model.train()
    for x, a, b in loader:
        losses = task_losses(model(x), {"progress": a, "heavy": b})
        total = combine(losses)
        optimizer.zero_grad()
        total.backward()
        optimizer.step()

    if epoch % 5 == 4:
        model.eval()
        with torch.no_grad():
            out = model(X[valid_idx])
            mse = CRITERIA["progress"](out["progress"], progress[valid_idx]).item()
            acc = ((out["heavy"] > 0).float() == heavy[valid_idx]).float().mean().item()
        print(f"epoch {epoch + 1:2d}  progress mse {mse:.3f}  heavy accuracy {acc:.3f}")
