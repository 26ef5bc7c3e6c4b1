import torch
import torch.nn as nn
import torch.nn.utils.prune as prune

torch.manual_seed(71)

x = torch.randn(1200, 20)
y = ((x[:, 0] + x[:, 1] * x[:, 2]) > 0).long()
x_tr, y_tr = x[:900], y[:900]
x_te, y_te = x[900:], y[900:]

model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 2))
criterion = nn.CrossEntropyLoss()


def train(epochs, lr):
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    model.train()
    for _ in range(epochs):
        for idx in torch.randperm(len(x_tr)).split(60):
            optimizer.zero_grad()
            criterion(model(x_tr[idx]), y_tr[idx]).backward()
            optimizer.step()


def test():
    model.eval()
    with torch.no_grad():
        return (model(x_te).argmax(1) == y_te).float().mean().item()


def sparsity():
    weights = [m.weight for m in model if isinstance(m, nn.Linear)]
    zeros = sum((w == 0).sum().item() for w in weights)
    return zeros / sum(w.numel() for w in weights)


train(epochs=8, lr=3e-3)
print(f"dense: acc {test():.3f}")

targets = [(m, "weight") for m in model if isinstance(m, nn.Linear)]
for round_ in range(1, 4):
    # each round removes 40 % of what is left
    prune.global_unstructured(targets, pruning_method=prune.L1Unstructured, amount=0.4)
    before = test()
    train(epochs=3, lr=1e-3)
    print(f"round {round_}: sparsity {sparsity():.2f}, acc {before:.3f} -> {test():.3f}")

for module, name in targets:
    prune.remove(module, name)
print(f"final: sparsity {sparsity():.2f}, acc {test():.3f}, keys {list(model.state_dict())}")
