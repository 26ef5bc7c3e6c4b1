"""Adversarial training (PGD, l-infinity) on the first half of each batch, mixup on the second."""
import torch
from torch import nn
from torch.nn import functional as F

torch.manual_seed(79)
EPS, ALPHA, STEPS, CLASSES = 0.05, 0.02, 5, 3

patterns = 0.5 + 0.12 * torch.randn(CLASSES, 36)


def make(n):
    y = torch.randint(CLASSES, (n,))
    return (patterns[y] + 0.15 * torch.randn(n, 36)).clamp(0, 1), y


def pgd(model, x, y):
    training = model.training
    model.eval()
    adv = (x + torch.empty_like(x).uniform_(-EPS, EPS)).clamp(0, 1)
    for _ in range(STEPS):
        adv.requires_grad_(True)
        loss = F.cross_entropy(model(adv), y, reduction="sum")
        grad, = torch.autograd.grad(loss, adv)
        with torch.no_grad():
            adv = adv + ALPHA * grad.sign()
            adv = torch.max(torch.min(adv, x + EPS), x - EPS).clamp(0, 1)
    model.train(training)
    return adv.detach()


def mixup(x, y, beta=torch.distributions.Beta(0.4, 0.4)):
    lam = beta.sample()
    other = torch.randperm(len(x))
    onehot = F.one_hot(y, CLASSES).float()
    return lam * x + (1 - lam) * x[other], lam * onehot + (1 - lam) * onehot[other]


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(36, 64), nn.ReLU(), nn.Dropout(0.1), nn.Linear(64, 64), nn.ReLU())
        self.head = nn.Linear(64, CLASSES)

    def forward(self, x):
        return self.head(self.body(x))


def evaluate(model, x, y):
    model.eval()
    adv = pgd(model, x, y)
    with torch.no_grad():
        clean = (model(x).argmax(1) == y).float().mean().item()
        robust = (model(adv).argmax(1) == y).float().mean().item()
    return clean, robust


x_train, y_train = make(800)
x_test, y_test = make(400)
for robust_training in (False, True):
    torch.manual_seed(5)
    model = Net()
    opt = torch.optim.Adam(model.parameters(), lr=3e-3)
    for epoch in range(8):
        model.train()
        for b in torch.randperm(800).split(80):
            x, y = x_train[b], y_train[b]
            if robust_training:
                x1, x2 = x.chunk(2)
                y1, y2 = y.chunk(2)
                mixed, soft = mixup(x2, y2)
                loss = (F.cross_entropy(model(pgd(model, x1, y1)), y1) + F.cross_entropy(model(mixed), soft)) / 2
            else:
                loss = F.cross_entropy(model(x), y)
            opt.zero_grad()
            loss.backward()
            opt.step()
    clean, robust = evaluate(model, x_test, y_test)
    print(f"adversarial training {robust_training}: clean {clean:.3f} under attack {robust:.3f}")
