"""Lottery ticket: iterative global magnitude pruning with weight rewinding; masks hold throughout training."""
import copy

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn
from torch.nn.utils import prune
from torch.utils.data import DataLoader, TensorDataset

ROUNDS, EPOCHS, FRACTION = 4, 5, 0.4


def prunable(net):
    return [(m, "weight") for m in net if isinstance(m, nn.Linear)]


def train(net, dataset, epochs):
    opt = torch.optim.Adam(net.parameters(), lr=3e-3)  # fresh moments for each ticket
    loader = DataLoader(dataset, batch_size=64, shuffle=True, generator=torch.Generator().manual_seed(54))
    net.train()
    for _ in range(epochs):
        for x, y in loader:
            opt.zero_grad()
            F.cross_entropy(net(x), y).backward()
            opt.step()


@torch.no_grad()
def accuracy(net, dataset):
    net.eval()
    x, y = dataset.tensors
    return (net(x).argmax(1) == y).float().mean().item()


def sparsity(net):
    zeros = sum((m.weight == 0).sum().item() for m, _ in prunable(net))
    return zeros / sum(m.weight.numel() for m, _ in prunable(net))


@torch.no_grad()
def rewind(net, initial):
    """Dense initial values go back into weight_orig / bias; the masks (buffers) stay."""
    for name, p in net.named_parameters():
        p.copy_(initial[name.replace("weight_orig", "weight")])


torch.manual_seed(54)
X, y = load_digits(return_X_y=True)
x, t = torch.tensor(X / 16.0, dtype=torch.float32), torch.tensor(y)
rest, te = train_test_split(range(len(y)), test_size=0.25, stratify=y, random_state=54)
tr, va = train_test_split(rest, test_size=0.2, stratify=y[rest], random_state=54)
train_set, val_set, test_set = (TensorDataset(x[i], t[i]) for i in (tr, va, te))

net = nn.Sequential(nn.Linear(64, 100), nn.ReLU(), nn.Linear(100, 50), nn.ReLU(), nn.Linear(50, 10))
initial = copy.deepcopy(net.state_dict())
train(net, train_set, EPOCHS)
print(f"dense: val acc {accuracy(net, val_set):.4f}")
for r in range(1, ROUNDS + 1):
    # 'amount' refers to the weights that are still unpruned
    prune.global_unstructured(prunable(net), pruning_method=prune.L1Unstructured, amount=FRACTION)
    rewind(net, initial)
    train(net, train_set, EPOCHS)
    print(f"round {r}: sparsity {sparsity(net):.3f} val acc {accuracy(net, val_set):.4f}")
expected = 1 - (1 - FRACTION) ** ROUNDS
assert abs(sparsity(net) - expected) < 0.01
for m, name in prunable(net):
    prune.remove(m, name)
print(f"final ticket: sparsity {sparsity(net):.3f} test acc {accuracy(net, test_set):.4f}")
