"""
Transfer learning tutorial
==========================
A backbone is pretrained on digits 0-4, then used for the classes 5-9:
first with everything frozen but the new head, then with the last block thawed.
"""
import os
import tempfile

import torch
from torch import nn
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)


class Backbone(nn.Module):
    def __init__(self):
        super().__init__()
        self.block1 = nn.Sequential(nn.Conv2d(1, 12, 3, padding=1), nn.BatchNorm2d(12), nn.ReLU())
        self.block2 = nn.Sequential(nn.Conv2d(12, 24, 3, 2, 1), nn.BatchNorm2d(24), nn.ReLU())

    def forward(self, x):
        return self.block2(self.block1(x)).mean(dim=(-2, -1))


class Classifier(nn.Module):
    def __init__(self, n_classes):
        super().__init__()
        self.backbone = Backbone()
        self.fc = nn.Linear(24, n_classes)
        self.frozen = []

    def forward(self, x):
        return self.fc(self.backbone(x))

    def freeze(self, *modules):
        self.frozen = list(modules)
        for m in modules:
            m.requires_grad_(False)
        return self.train(self.training)

    def unfreeze(self, *modules):
        for m in modules:
            m.requires_grad_(True)
        self.frozen = [m for m in self.frozen if all(m is not q for q in modules)]
        return self.train(self.training)

    def train(self, mode=True):
        super().train(mode)
        for m in self.frozen:
            m.eval()           # the running statistics of a frozen block stay as they are
        return self


def run_epochs(model, loader, optimizer, epochs):
    for _ in range(epochs):
        model.train()
        for x, y in loader:
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(x), y).backward()
            optimizer.step()


def accuracy(model, x, y):
    model.eval()
    with torch.no_grad():
        return (model(x).argmax(1) == y).float().mean().item()


# Step 1 - source task.
d = load_digits()
X = torch.tensor(d.images, dtype=torch.float32)[:, None] / 16
Y = torch.tensor(d.target)
src = Y < 5
source = Classifier(5)
run_epochs(source, DataLoader(TensorDataset(X[src], Y[src]), 32, shuffle=True),
           torch.optim.Adam(source.parameters(), lr=5e-3), 6)

with tempfile.TemporaryDirectory() as tmp:
    path = os.path.join(tmp, "source.pt")
    torch.save(source.state_dict(), path)
    weights = torch.load(path, weights_only=True)

# Step 2 - target task: little data, new classes, a new head.
tx, ty = X[~src], Y[~src] - 5
perm = torch.randperm(len(tx))
few, test = perm[:60], perm[60:]
loader = DataLoader(TensorDataset(tx[few], ty[few]), 20, shuffle=True)

model = Classifier(5)
weights = {k: v for k, v in weights.items() if not k.startswith("fc.")}   # the old head knows other classes
missing, unexpected = model.load_state_dict(weights, strict=False)
assert sorted(missing) == ["fc.bias", "fc.weight"] and not unexpected
before = {k: v.clone() for k, v in model.backbone.state_dict().items()}

model.freeze(model.backbone.block1, model.backbone.block2)
optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=2e-2)
run_epochs(model, loader, optimizer, 50)
assert all(torch.equal(v, before[k]) for k, v in model.backbone.state_dict().items())
print(f"head only:           test accuracy {accuracy(model, tx[test], ty[test]):.3f}")

# Step 3 - thaw the last block, with a smaller rate; add its parameters to the optimizer.
model.unfreeze(model.backbone.block2)
for group in optimizer.param_groups:
    group["lr"] = 5e-3
optimizer.add_param_group({"params": model.backbone.block2.parameters(), "lr": 2e-3})
run_epochs(model, loader, optimizer, 40)
print(f"last block thawed:   test accuracy {accuracy(model, tx[test], ty[test]):.3f}")

# For comparison: the same small data from scratch.
scratch = Classifier(5)
run_epochs(scratch, loader, torch.optim.Adam(scratch.parameters(), lr=5e-3), 30)
print(f"from scratch:        test accuracy {accuracy(scratch, tx[test], ty[test]):.3f}")
