import numpy as np
import torch
from torch import nn

rng = np.random.default_rng(8)
torch.manual_seed(8)

SPECIES = np.array(["acer", "betula", "corylus", "fagus", "quercus"])
CENTERS = rng.normal(0, 2.0, size=(5, 9))


def field_trip(names, n):
    """Leaf measurements collected at one site; not every species grows everywhere."""
    who = rng.choice(names, size=n)
    idx = np.searchsorted(SPECIES, who)
    return (CENTERS[idx] + rng.normal(0, 0.7, size=(n, 9))).astype(np.float32), who


leaf_train, name_train = field_trip(SPECIES, 600)
leaf_test, name_test = field_trip(["acer", "corylus", "fagus", "quercus"], 150)

mean, std = leaf_train.mean(0), leaf_train.std(0)
leaf_train = (leaf_train - mean) / std
leaf_test = (leaf_test - mean) / std

classes, code_train = np.unique(name_train, return_inverse=True)
_, code_test = np.unique(name_test, return_inverse=True)

x, y = torch.from_numpy(leaf_train), torch.from_numpy(code_train)
xt, yt = torch.from_numpy(leaf_test), torch.from_numpy(code_test)

clf = nn.Sequential(nn.Linear(9, 32), nn.ReLU(), nn.Linear(32, len(classes)))
opt = torch.optim.Adam(clf.parameters(), lr=5e-3)
for it in range(400):
    b = torch.randint(0, len(x), (64,))
    opt.zero_grad()
    loss = nn.functional.cross_entropy(clf(x[b]), y[b])
    loss.backward()
    opt.step()
    if it % 100 == 0:
        print(it, round(loss.item(), 4))

clf.eval()
with torch.no_grad():
    pred = clf(xt).argmax(1)
print("test accuracy", (pred == yt).float().mean().item())
print("seen most often:", classes[torch.mode(pred).values.item()])
