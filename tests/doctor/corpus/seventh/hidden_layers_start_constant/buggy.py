from functools import partial

import torch
import torch.nn as nn
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

INIT = {
    "hidden": partial(nn.init.constant_, val=0.02),
    "output": nn.init.zeros_,  # all classes equally likely at the start
}


def build_mlp(sizes):
    """Linear-ReLU-...-Linear; every weight is set through the INIT table."""
    layers = []
    for i, (n_in, n_out) in enumerate(zip(sizes[:-1], sizes[1:])):
        last = i == len(sizes) - 2
        linear = nn.Linear(n_in, n_out)
        INIT["output" if last else "hidden"](linear.weight)
        nn.init.zeros_(linear.bias)
        layers.append(linear)
        if not last:
            layers.append(nn.ReLU())
    return nn.Sequential(*layers)


def to_tensors(images, labels):
    return torch.tensor(images / 16.0, dtype=torch.float32), torch.tensor(labels)


def fit(model, x, y, epochs, batch_size=64, lr=2e-3):
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    loss_fn = nn.CrossEntropyLoss()
    for epoch in range(epochs):
        model.train()
        total = 0.0
        for idx in torch.randperm(len(x)).split(batch_size):
            optimizer.zero_grad()
            loss = loss_fn(model(x[idx]), y[idx])
            loss.backward()
            optimizer.step()
            total += loss.item() * len(idx)
        print(f"epoch {epoch:2d}  loss {total / len(x):.4f}")


@torch.no_grad()
def score(model, x, y):
    model.eval()
    return (model(x).argmax(dim=1) == y).float().mean().item()


if __name__ == "__main__":
    torch.manual_seed(0)
    X, t = load_digits(return_X_y=True)
    X_train, X_test, t_train, t_test = train_test_split(X, t, test_size=0.25, stratify=t, random_state=0)
    net = build_mlp([64, 48, 32, 10])
    fit(net, *to_tensors(X_train, t_train), epochs=15)
    print(f"test accuracy {score(net, *to_tensors(X_test, t_test)):.3f}")
