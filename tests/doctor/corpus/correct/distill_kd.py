"""Knowledge distillation: frozen teacher in eval mode, KL on softened logits times T^2, hint loss from a hook."""
import functools

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

T, ALPHA, BETA = 3.0, 0.7, 0.02


def set_seed(s):
    torch.manual_seed(s)


def get_data(seed=0):
    X, y = load_digits(return_X_y=True)
    X = (X / 16.0).astype("float32")
    Xtr, Xte, ytr, yte = train_test_split(X, y, test_size=0.3, stratify=y, random_state=seed)
    return tuple(torch.from_numpy(a) for a in (Xtr, ytr, Xte, yte))


def net(width, p):
    return nn.Sequential(nn.Linear(64, width), nn.BatchNorm1d(width), nn.ReLU(), nn.Dropout(p), nn.Linear(width, 10))


def fit(model, X, y, loss_fn, extra=(), epochs=12, lr=2e-3):
    opt = torch.optim.Adam([*model.parameters(), *extra], lr=lr)
    n_batches = len(X) // 64
    for _ in range(epochs):
        model.train()
        for idx in torch.randperm(len(X)).split(64)[:n_batches]:
            loss = loss_fn(model, X[idx], y[idx])
            opt.zero_grad(set_to_none=True)
            loss.backward()
            opt.step()
    return model


def hard_loss(model, x, y):
    return F.cross_entropy(model(x), y)


class Tap:
    """Keeps the last output of a layer (attached for the student, whose hint loss needs the graph)."""

    def __init__(self, layer, detach):
        self.value, self.detach = None, detach
        self.handle = layer.register_forward_hook(self)

    def __call__(self, module, args, output):
        self.value = output.detach() if self.detach else output

    def remove(self):
        self.handle.remove()
        self.value = None


def distill_loss(model, x, y, *, teacher, taps, project):
    with torch.no_grad():
        soft = F.log_softmax(teacher(x) / T, dim=1)
    logits = model(x)
    kd = F.kl_div(F.log_softmax(logits / T, dim=1), soft, reduction="batchmean", log_target=True) * T * T
    hint = F.mse_loss(project(taps["student"].value), taps["teacher"].value)
    return ALPHA * kd + (1 - ALPHA) * F.cross_entropy(logits, y) + BETA * hint


@torch.no_grad()
def accuracy(model, X, y):
    model.eval()
    return model(X).argmax(1).eq(y).float().mean().item()


def main():
    Xtr, ytr, Xte, yte = get_data()
    set_seed(1)
    teacher = fit(net(256, 0.3), Xtr, ytr, hard_loss)
    teacher.eval().requires_grad_(False)
    print("teacher          %.3f" % accuracy(teacher, Xte, yte))

    few = slice(0, 300)
    set_seed(2)
    alone = fit(net(24, 0.0), Xtr[few], ytr[few], hard_loss, epochs=40)
    print("student alone    %.3f" % accuracy(alone, Xte, yte))

    set_seed(2)
    student, project = net(24, 0.0), nn.Linear(24, 256)
    taps = {"student": Tap(student[2], detach=False), "teacher": Tap(teacher[2], detach=True)}
    fit(student, Xtr[few], ytr[few], functools.partial(distill_loss, teacher=teacher, taps=taps, project=project),
        extra=project.parameters(), epochs=40)
    for tap in taps.values():
        tap.remove()
    assert not teacher.training
    print("student taught   %.3f" % accuracy(student, Xte, yte))


if __name__ == "__main__":
    main()
