"""Distillation with temperature, hard labels and a feature hint caught by a forward hook on the frozen teacher."""
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch.utils.data import DataLoader, TensorDataset


class Tap:
    """Keeps the last output of a module while used as a context manager."""

    def __init__(self, module):
        self.module = module

    def __enter__(self):
        self.handle = self.module.register_forward_hook(lambda m, i, o: setattr(self, "value", o))
        return self

    def __exit__(self, *exc):
        self.handle.remove()


def mlp(widths, drop):
    layers = []
    for a, b in zip(widths[:-2], widths[1:-1]):
        layers += [nn.Linear(a, b), nn.ReLU(), nn.Dropout(drop)]
    return nn.Sequential(*layers, nn.Linear(*widths[-2:]))


def accuracy(net, loader):
    net.eval()
    with torch.inference_mode():
        hits = sum((net(x).argmax(1) == y).sum().item() for x, y in loader)
    return hits / len(loader.dataset)


def fit(net, loader, val, loss_fn, epochs, lr, extra=()):
    opt = torch.optim.Adam([*net.parameters(), *extra], lr=lr)
    for epoch in range(epochs):
        net.train()
        for x, y in loader:
            loss = loss_fn(x, y)
            opt.zero_grad()
            loss.backward()
            opt.step()
        print(f"  epoch {epoch} val {accuracy(net, val):.3f}")


def kd(student_logits, teacher_logits, T):
    # both sides are log-probabilities (log_target); T^2 restores the scale of the gradient
    return T * T * F.kl_div(
        F.log_softmax(student_logits / T, 1), F.log_softmax(teacher_logits / T, 1), reduction="batchmean", log_target=True)


def main(T=3.0, alpha=0.7, hint_weight=0.1):
    torch.manual_seed(0)
    X, y = load_digits(return_X_y=True)
    a, xs, b, ys = train_test_split(X / 16, y, test_size=0.2, stratify=y, random_state=1)
    xt, xv, yt, yv = train_test_split(a, b, test_size=0.2, stratify=b, random_state=2)
    pack = lambda x, y: TensorDataset(torch.tensor(x, dtype=torch.float32), torch.tensor(y))
    train = DataLoader(pack(xt, yt), 64, shuffle=True)
    val, test = DataLoader(pack(xv, yv), 256), DataLoader(pack(xs, ys), 256)

    print("teacher")
    teacher = mlp([64, 192, 192, 10], 0.3)
    fit(teacher, train, val, lambda x, y: F.cross_entropy(teacher(x), y), 6, 2e-3)
    teacher.eval()
    for p in teacher.parameters():
        p.requires_grad_(False)

    print("student")
    student = mlp([64, 24, 10], 0.0)
    adapter = nn.Linear(24, 192)  # maps the student's hidden layer to the teacher's, dropped afterwards
    with Tap(teacher[4]) as t_tap, Tap(student[1]) as s_tap:

        def loss_fn(x, y):
            with torch.no_grad():
                t = teacher(x)
            s = student(x)
            hint = F.mse_loss(adapter(s_tap.value), t_tap.value)
            return alpha * kd(s, t, T) + (1 - alpha) * F.cross_entropy(s, y) + hint_weight * hint

        fit(student, train, val, loss_fn, 8, 4e-3, extra=adapter.parameters())
    assert not teacher.training and not student[1]._forward_hooks
    print(f"test: teacher {accuracy(teacher, test):.3f} student {accuracy(student, test):.3f}")


if __name__ == "__main__":
    main()
