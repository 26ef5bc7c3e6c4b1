import itertools

import torch
import torch.nn as nn
from sklearn.datasets import load_wine
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

X, y = load_wine(return_X_y=True)
X_rest, X_test, y_rest, y_test = train_test_split(X, y, test_size=0.3, random_state=0, stratify=y)
X_train, X_val, y_train, y_val = train_test_split(X_rest, y_rest, test_size=0.3, random_state=0, stratify=y_rest)
scaler = StandardScaler().fit(X_train)


def tensors(a, b):
    return torch.tensor(scaler.transform(a), dtype=torch.float32), torch.tensor(b)


splits = {
    "train": tensors(X_train, y_train),
    "val": tensors(X_val, y_val),
    "test": tensors(X_test, y_test),
}


def run(lr, hidden, steps=40):
    torch.manual_seed(0)
    x, t = splits["train"]
    model = nn.Sequential(nn.Linear(13, hidden), nn.ReLU(), nn.Linear(hidden, 3))
    optimizer = torch.optim.RMSprop(model.parameters(), lr=lr)
    for _ in range(steps):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x), t).backward()
        optimizer.step()
    return model.eval()


@torch.no_grad()
def acc(model, name):
    x, t = splits[name]
    return (model(x).argmax(1) == t).float().mean().item()


grid = {"lr": [1e-4, 3e-4, 1e-3], "hidden": [4, 16, 64]}
best = {"score": -1.0}
for combo in itertools.product(*grid.values()):
    params = dict(zip(grid, combo))
    model = run(**params)
    score = acc(model, "val")
    print(params, f"{score:.3f}")
    if score > best["score"]:
        best = {"score": score, "params": params, "model": model}

print("chosen", best["params"])
print(f"test accuracy {acc(best['model'], 'test'):.3f}")
