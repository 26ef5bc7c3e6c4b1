"""Lottery ticket: train, prune by magnitude, rewind the survivors to their first values, train again."""
import torch
import torch.nn as nn
from sklearn.datasets import load_digits
from torch.nn.utils import prune
from torch.utils.data import DataLoader, TensorDataset


def data(seed=0):
    X, y = load_digits(return_X_y=True)
    g = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(X), generator=g)
    X, y = torch.tensor(X[order], dtype=torch.float32) / 8 - 1, torch.tensor(y[order])
    return (X[:1100], y[:1100]), (X[1100:1400], y[1100:1400]), (X[1400:], y[1400:])


def layers(model):
    return [m for m in model if isinstance(m, nn.Linear)]


def train(model, split, epochs=6, seed=0):
    g = torch.Generator().manual_seed(seed)
    loader = DataLoader(TensorDataset(*split), batch_size=50, shuffle=True, generator=g)
    opt = torch.optim.Adam((p for p in model.parameters() if p.requires_grad), lr=3e-3)
    criterion = nn.CrossEntropyLoss()
    model.train()
    for _ in range(epochs):
        for xb, yb in loader:
            opt.zero_grad()
            criterion(model(xb), yb).backward()
            opt.step()


def accuracy(model, split):
    model.eval()
    with torch.inference_mode():
        return (model(split[0]).argmax(-1) == split[1]).float().mean().item()


def density(model):
    kept = sum(int(m.weight_mask.sum()) for m in layers(model))
    return kept / sum(m.weight_mask.numel() for m in layers(model))


@torch.no_grad()
def rewind(model, initial):
    for m, (w, b) in zip(layers(model), initial):
        m.weight_orig.copy_(w)
        m.bias.copy_(b)


def main():
    torch.manual_seed(0)
    train_set, val_set, test_set = data()
    model = nn.Sequential(nn.Linear(64, 100), nn.ReLU(), nn.Linear(100, 60), nn.ReLU(), nn.Linear(60, 10))
    for m in layers(model):
        prune.identity(m, "weight")      # weight becomes weight_orig * weight_mask
    initial = [(m.weight_orig.detach().clone(), m.bias.detach().clone()) for m in layers(model)]

    train(model, train_set)
    print(f"density 1.000  val {accuracy(model, val_set):.3f}")
    for round_ in range(3):
        prune.global_unstructured([(m, "weight") for m in layers(model)], pruning_method=prune.L1Unstructured, amount=0.5)
        rewind(model, initial)
        train(model, train_set, seed=round_ + 1)
        print(f"density {density(model):.3f}  val {accuracy(model, val_set):.3f}")

    ticket = accuracy(model, test_set)
    zero_rows = [(m.weight == 0).float().mean().item() for m in layers(model)]
    for m in layers(model):
        prune.remove(m, "weight")
    assert abs(ticket - accuracy(model, test_set)) < 1e-9
    print("test accuracy of the ticket %.3f; zeros per layer %s" % (ticket, [round(z, 2) for z in zero_rows]))


if __name__ == "__main__":
    main()
