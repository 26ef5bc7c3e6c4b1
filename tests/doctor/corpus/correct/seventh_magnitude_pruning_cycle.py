# Iterative magnitude pruning: train -> prune 50 % of what is left -> fine-tune, three rounds
import torch
import torch.nn as nn
import torch.nn.utils.prune as prune
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

torch.manual_seed(0)
X, y = load_digits(return_X_y=True)
Xr, Xte, yr, yte = train_test_split(X / 16.0, y, test_size=0.2, random_state=0, stratify=y)
Xtr, Xva, ytr, yva = train_test_split(Xr, yr, test_size=0.2, random_state=0, stratify=yr)
f = lambda a: torch.tensor(a, dtype=torch.float32)
Xtr, Xva, Xte = f(Xtr), f(Xva), f(Xte)
ytr, yva, yte = map(torch.tensor, (ytr, yva, yte))

net = nn.Sequential(nn.Linear(64, 100), nn.ReLU(), nn.Linear(100, 50), nn.ReLU(), nn.Linear(50, 10))
criterion = nn.CrossEntropyLoss()


def accuracy(x, t):
    net.eval()
    with torch.no_grad():
        return (net(x).argmax(1) == t).float().mean().item()


def train(epochs, lr):
    # rebuilt each round: pruning replaces `weight` by `weight_orig` and a mask
    optimizer = torch.optim.SGD(net.parameters(), lr=lr, momentum=0.9)
    for _ in range(epochs):
        net.train()
        order = torch.randperm(len(Xtr))
        for chunk in order.split(64):
            loss = criterion(net(Xtr[chunk]), ytr[chunk])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()


def sparsity():
    zeros = total = 0
    for m in net:
        if isinstance(m, nn.Linear):
            zeros += (m.weight == 0).sum().item()
            total += m.weight.numel()
    return zeros / total


train(epochs=25, lr=0.05)
print(f"dense            val {accuracy(Xva, yva):.3f}")

targets = [(m, "weight") for m in net if isinstance(m, nn.Linear)]
for round_ in range(1, 4):
    prune.global_unstructured(targets, pruning_method=prune.L1Unstructured, amount=0.5)
    before = accuracy(Xva, yva)
    train(epochs=8, lr=0.02)
    print(f"round {round_}: sparsity {sparsity():.3f}  val {before:.3f} -> {accuracy(Xva, yva):.3f}")

for module, name in targets:
    prune.remove(module, name)
assert not any("_orig" in k for k in net.state_dict())
print(f"final sparsity {sparsity():.3f}  test {accuracy(Xte, yte):.3f}")
