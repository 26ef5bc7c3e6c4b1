"""Transfer: pretrain on digits 0-4, then a new head on 5-9 with a frozen body, then gentle fine-tuning of the top."""
import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn
from torch.nn import functional as F


class Body(nn.Module):
    def __init__(self):
        super().__init__()
        self.low = nn.Sequential(nn.Conv2d(1, 12, 3, padding=1), nn.BatchNorm2d(12), nn.ReLU(), nn.MaxPool2d(2))
        self.high = nn.Sequential(nn.Conv2d(12, 24, 3, padding=1), nn.BatchNorm2d(24), nn.ReLU(), nn.MaxPool2d(2))

    def forward(self, x):
        return self.high(self.low(x)).flatten(1)


class Classifier(nn.Module):
    def __init__(self, body, classes):
        super().__init__()
        self.body, self.head = body, nn.Linear(96, classes)
        self.frozen = []

    def freeze(self, *modules):
        self.frozen = list(modules)
        for p in self.body.parameters():
            p.requires_grad_(True)
        for m in modules:
            m.requires_grad_(False)

    def train(self, mode=True):
        super().train(mode)
        for m in self.frozen:                 # frozen batch norm keeps its statistics too
            m.eval()
        return self

    def forward(self, x):
        return self.head(self.body(x))


def load(classes, offset):
    d = load_digits()
    keep = [i for i, t in enumerate(d.target) if t in classes]
    x = torch.tensor(d.images[keep]).float().unsqueeze(1) / 16
    y = torch.tensor(d.target[keep]) - offset
    tr, te = train_test_split(torch.arange(len(y)), test_size=0.3, stratify=y, random_state=0)
    return (x[tr], y[tr]), (x[te], y[te])


def train_epochs(net, opt, x, y, epochs, size=40):
    for _ in range(epochs):
        net.train()
        total = 0.0
        for rows in torch.randperm(len(x)).split(size):
            opt.zero_grad()
            loss = F.cross_entropy(net(x[rows]), y[rows])
            loss.backward()
            opt.step()
            total += loss.item() * len(rows)
    return total / len(x)


@torch.no_grad()
def accuracy(net, x, y):
    return (net.eval()(x).argmax(1) == y).float().mean().item()


def snapshot(module):
    return [t.clone() for t in (*module.parameters(), *module.buffers())]


def unchanged(module, old):
    return all(torch.equal(a, b) for a, b in zip((*module.parameters(), *module.buffers()), old))


def main():
    torch.manual_seed(0)
    source_train, source_test = load(range(0, 5), 0)
    target_train, target_test = load(range(5, 10), 5)
    few = torch.cat([(target_train[1] == c).nonzero().flatten()[:20] for c in range(5)])   # 20 for each class
    target_train = target_train[0][few], target_train[1][few]

    first = Classifier(Body(), 5)
    train_epochs(first, torch.optim.Adam(first.parameters(), lr=3e-3), *source_train, epochs=4)
    print(f"source accuracy {accuracy(first, *source_test):.3f}")

    net = Classifier(first.body, 5)           # same body, new head
    net.freeze(net.body)
    old = snapshot(net.body)
    opt = torch.optim.Adam([p for p in net.parameters() if p.requires_grad], lr=1e-2)
    train_epochs(net, opt, *target_train, epochs=10)
    assert unchanged(net.body, old)
    print(f"head only: target accuracy {accuracy(net, *target_test):.3f}")

    net.freeze(net.body.low)                  # the upper block may move now, with a tenth of the rate
    opt.add_param_group({"params": net.body.high.parameters(), "lr": 1e-3})
    low = snapshot(net.body.low)
    train_epochs(net, opt, *target_train, epochs=8)
    assert unchanged(net.body.low, low) and not unchanged(net.body, old)
    print(f"top block too: target accuracy {accuracy(net, *target_test):.3f}")


if __name__ == "__main__":
    main()
