import tempfile
from pathlib import Path

import torch
from torch import nn

torch.manual_seed(25)


def init_weights(module):
    if isinstance(module, nn.Linear):
        nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        nn.init.zeros_(module.bias)


class Net(nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(16, 96), nn.ReLU(), nn.Linear(96, 32), nn.ReLU())
        self.head = nn.Linear(32, classes)

    def forward(self, x):
        return self.head(self.body(x))


# Both tasks read the same two directions of the input.
directions = torch.linalg.qr(torch.randn(16, 2)).Q


def task(n, classes, seed):
    g = torch.Generator().manual_seed(seed)
    x = torch.randn(n, 16, generator=g)
    bit = (torch.sin(2 * x @ directions) > 0).long()
    label = bit[:, 0] + 2 * bit[:, 1] if classes == 4 else bit[:, 0]
    return x, label


def fit(model, x, y, epochs, lr):
    opt = torch.optim.Adam(model.parameters(), lr=lr)
    ce = nn.CrossEntropyLoss()
    model.train()
    for _ in range(epochs):
        for idx in torch.randperm(len(x)).split(64):
            opt.zero_grad()
            ce(model(x[idx]), y[idx]).backward()
            opt.step()


@torch.no_grad()
def accuracy(model, x, y):
    model.eval()
    return (model(x).argmax(1) == y).float().mean().item()


def build_for_small_task(path):
    model = Net(2)
    model.apply(init_weights)
    model.body.load_state_dict(torch.load(path, weights_only=True))
    return model


big_x, big_y = task(4000, 4, seed=1)
teacher = Net(4)
teacher.apply(init_weights)
fit(teacher, big_x, big_y, epochs=8, lr=3e-3)
hold_x, hold_y = task(800, 4, seed=2)
print(f"pretraining: accuracy {accuracy(teacher, hold_x, hold_y):.3f}")

with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "body.pt"
    torch.save(teacher.body.state_dict(), path)
    small = build_for_small_task(path)

small_x, small_y = task(150, 2, seed=3)
test_x, test_y = task(1000, 2, seed=4)
fit(small, small_x, small_y, epochs=20, lr=1e-3)
print(f"small task: train {accuracy(small, small_x, small_y):.3f} test {accuracy(small, test_x, test_y):.3f}")
