"""Knowledge distillation: soft targets (Hinton et al. 2015) plus an attention-transfer term taken by forward hooks."""
import copy
from argparse import ArgumentParser

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, TensorDataset


def cnn(width):
    return nn.Sequential(nn.Conv2d(1, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU(), nn.MaxPool2d(2),
                         nn.Conv2d(width, 2 * width, 3, padding=1), nn.BatchNorm2d(2 * width), nn.ReLU(),
                         nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(8 * width, 10))


class Tap:
    """keeps the last output of a layer; a context manager, so that no hook outlives its use"""

    def __init__(self, layer):
        self.layer, self.value = layer, None

    def __enter__(self):
        self.handle = self.layer.register_forward_hook(lambda m, i, o: setattr(self, "value", o))
        return self

    def __exit__(self, *exc):
        self.handle.remove()


def attention_map(f):
    return F.normalize(f.pow(2).mean(1).flatten(1), dim=1)


def kd_loss(student, teacher, y, T, alpha):
    soft = F.kl_div(F.log_softmax(student / T, dim=1), F.log_softmax(teacher / T, dim=1),
                    reduction="batchmean", log_target=True)
    return alpha * T * T * soft + (1 - alpha) * F.cross_entropy(student, y)


def evaluate(model, loader):
    training = model.training
    model.eval()
    hit = n = 0
    with torch.no_grad():
        for x, y in loader:
            hit += model(x).argmax(1).eq(y).sum().item()
            n += y.size(0)
    model.train(training)
    return hit / n


def fit(model, loss_fn, loaders, epochs, lr):
    opt = torch.optim.AdamW(model.parameters(), lr=lr, weight_decay=1e-3)
    sched = torch.optim.lr_scheduler.OneCycleLR(opt, lr, epochs=epochs, steps_per_epoch=len(loaders["train"]))
    best_acc, best = -1.0, None
    for _ in range(epochs):
        model.train()
        for x, y in loaders["train"]:
            opt.zero_grad()
            loss_fn(model, x, y).backward()
            opt.step()
            sched.step()
        acc = evaluate(model, loaders["val"])
        if acc > best_acc:
            best_acc, best = acc, copy.deepcopy(model.state_dict())
    model.load_state_dict(best)
    return evaluate(model, loaders["test"])


def main():
    ap = ArgumentParser()
    ap.add_argument("-T", "--temperature", type=float, default=4.0)
    ap.add_argument("--alpha", type=float, default=0.8)
    ap.add_argument("--beta", type=float, default=5.0, help="weight of the attention transfer")
    ap.add_argument("--epochs", type=int, default=4)
    a = ap.parse_args()

    d = load_digits()
    X, Y = torch.tensor(d.images, dtype=torch.float32)[:, None] / 16, torch.tensor(d.target)
    perm = torch.randperm(len(X), generator=torch.Generator().manual_seed(0))
    parts = dict(zip(("train", "val", "test"), perm.split([1000, 300, len(X) - 1300])))
    loaders = {k: DataLoader(TensorDataset(X[i], Y[i]), batch_size=50, shuffle=k == "train") for k, i in parts.items()}

    def plain(model, x, y):
        return F.cross_entropy(model(x), y)

    torch.manual_seed(1)
    teacher = cnn(16)
    print(f"teacher            test accuracy {fit(teacher, plain, loaders, a.epochs, 1e-2):.4f}")
    teacher.eval().requires_grad_(False)
    before = copy.deepcopy(teacher.state_dict())

    torch.manual_seed(2)
    student = cnn(3)
    start = copy.deepcopy(student.state_dict())
    print(f"student alone      test accuracy {fit(student, plain, loaders, a.epochs, 1e-2):.4f}")

    student.load_state_dict(start)
    with Tap(teacher[6]) as t_tap, Tap(student[6]) as s_tap:
        def distil(model, x, y):
            with torch.no_grad():
                t_logits = teacher(x)
            loss = kd_loss(model(x), t_logits, y, a.temperature, a.alpha)
            gap = attention_map(s_tap.value) - attention_map(t_tap.value)
            return loss + a.beta * gap.pow(2).sum(1).mean()

        acc = fit(student, distil, loaders, a.epochs, 1e-2)
    print(f"student distilled  test accuracy {acc:.4f}")
    assert all(torch.equal(v, before[k]) for k, v in teacher.state_dict().items())


if __name__ == "__main__":
    main()
