# Train, prune 80 % of the weights by magnitude in three rounds with retraining in between, make it permanent.
import torch
from torch import nn
from torch.nn.utils import prune
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(73)

x = torch.randn(1300, 25)
y = (x[:, :5] @ torch.randn(5, 3) + 0.3 * torch.randn(1300, 3)).argmax(1)   # twenty inputs are useless
train_loader = DataLoader(TensorDataset(x[:1000], y[:1000]), batch_size=50, shuffle=True)
test_loader = DataLoader(TensorDataset(x[1000:], y[1000:]), batch_size=300)

model = nn.Sequential(nn.Linear(25, 50), nn.ReLU(), nn.Linear(50, 50), nn.ReLU(), nn.Linear(50, 3))
layers = [(m, "weight") for m in model if isinstance(m, nn.Linear)]
loss_fn = nn.CrossEntropyLoss()


def train(epochs, lr):
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    model.train()
    for _ in range(epochs):
        for xb, yb in train_loader:
            optimizer.zero_grad()
            loss_fn(model(xb), yb).backward()
            optimizer.step()


def test():
    model.eval()
    hits = 0
    with torch.no_grad():
        for xb, yb in test_loader:
            hits += (model(xb).argmax(1) == yb).sum().item()
    return hits / len(test_loader.dataset)


def sparsity():
    zeros = sum((m.weight == 0).sum().item() for m, _ in layers)
    return zeros / sum(m.weight.numel() for m, _ in layers)


train(8, 3e-3)
print(f"dense: accuracy {test():.3f}, zeros {sparsity():.2f}")

keep = 0.2 ** (1 / 3)
for round_ in range(1, 4):
    prune.global_unstructured(layers, pruning_method=prune.L1Unstructured, amount=1 - keep)
    raw = test()
    train(3, 1e-3)
    print(f"round {round_}: zeros {sparsity():.2f}, accuracy {raw:.3f} -> {test():.3f}")

for module, name in layers:
    prune.remove(module, name)
print(f"final: accuracy {test():.3f}, zeros {sparsity():.2f}, keys {list(model.state_dict())[:2]}")
