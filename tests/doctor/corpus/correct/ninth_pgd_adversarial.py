"""Madry-style adversarial training. Attacks are crafted with the model in eval mode and touch only the input gradient;
robust accuracy is measured on perturbed held-out data on purpose."""
import torch
from torch import nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset


class PGD:
    def __init__(self, eps, alpha, steps, random_start=True):
        self.eps, self.alpha, self.steps, self.random_start = eps, alpha, steps, random_start

    def __call__(self, model, x, y):
        was_training = model.training
        model.eval()
        delta = torch.zeros_like(x)
        if self.random_start:
            delta.uniform_(-self.eps, self.eps)
            delta = (x + delta).clamp(0, 1) - x
        for _ in range(self.steps):
            delta.requires_grad_(True)
            loss = F.cross_entropy(model(x + delta), y)
            grad, = torch.autograd.grad(loss, delta)  # leaves .grad of the weights alone
            with torch.no_grad():
                delta = (delta + self.alpha * grad.sign()).clamp(-self.eps, self.eps)
                delta = (x + delta).clamp(0, 1) - x
        model.train(was_training)
        return (x + delta).detach()


def digits(n, gen):
    """Crude 8x8 seven-segment digits 0..4 with random contrast, in [0, 1]."""
    segs = {0: "abcdef", 1: "bc", 2: "abged", 3: "abgcd", 4: "fgbc"}
    draw = {
        "a": (slice(1, 2), slice(2, 6)), "g": (slice(3, 4), slice(2, 6)), "d": (slice(6, 7), slice(2, 6)),
        "f": (slice(1, 4), slice(2, 3)), "b": (slice(1, 4), slice(5, 6)),
        "e": (slice(3, 7), slice(2, 3)), "c": (slice(3, 7), slice(5, 6)),
    }
    y = torch.randint(0, 5, (n,), generator=gen)
    x = torch.zeros(n, 1, 8, 8)
    for i, k in enumerate(y.tolist()):
        for s in segs[k]:
            x[(i, 0) + draw[s]] = 1.0
    contrast = 0.5 + 0.4 * torch.rand(n, 1, 1, 1, generator=gen)
    return (0.05 + contrast * x + 0.12 * torch.randn(x.shape, generator=gen)).clamp(0, 1), y


def network():
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.Flatten(), nn.Linear(512, 5))


def fit(model, dl, attack, epochs):
    opt = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, weight_decay=5e-4)
    sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, T_max=epochs)
    for _ in range(epochs):
        model.train()
        for x, y in dl:
            if attack is not None:
                x = attack(model, x, y)
            opt.zero_grad()
            F.cross_entropy(model(x), y).backward()
            opt.step()
        sched.step()


def accuracy(model, dl, attack=None):
    model.eval()
    hits = 0
    for x, y in dl:
        if attack is not None:
            x = attack(model, x, y)  # needs gradients, so it stays outside no_grad
        with torch.no_grad():
            hits += (model(x).argmax(1) == y).sum().item()
    return hits / len(dl.dataset)


def main():
    gen = torch.Generator().manual_seed(29)
    train_set, test_set = TensorDataset(*digits(500, gen)), TensorDataset(*digits(300, gen))
    attack = PGD(eps=0.2, alpha=0.06, steps=5)
    strong = PGD(eps=0.2, alpha=0.03, steps=15)
    test = DataLoader(test_set, batch_size=150)
    for name, train_attack in (("standard", None), ("adversarial", attack)):
        torch.manual_seed(29)
        train = DataLoader(train_set, batch_size=50, shuffle=True)
        model = network()
        fit(model, train, train_attack, 5)
        print(f"{name:12s} clean {accuracy(model, test):.3f} PGD-5 {accuracy(model, test, attack):.3f} "
              f"PGD-15 {accuracy(model, test, strong):.3f}")


if __name__ == "__main__":
    main()
