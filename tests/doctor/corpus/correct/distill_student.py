"""Knowledge distillation on digits: a wide teacher, a tiny student, soft targets at temperature T."""
import argparse

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch.utils.data import DataLoader, TensorDataset


def mlp(*sizes, dropout=0.0):
    layers = []
    for a, b in zip(sizes, sizes[1:]):
        layers += [nn.Linear(a, b), nn.ReLU(), nn.Dropout(dropout)]
    return nn.Sequential(*layers[:-2])              # nothing after the last linear layer


class Distiller:
    def __init__(self, teacher, student, temperature, alpha):
        self.teacher = teacher.eval().requires_grad_(False)     # stays in eval: its dropout must not speak
        self.student = student
        self.T, self.alpha = temperature, alpha

    def loss(self, x, y):
        with torch.no_grad():
            soft = F.log_softmax(self.teacher(x) / self.T, dim=1)
        out = self.student(x)
        hard = F.cross_entropy(out, y)
        # both sides are logs, so log_target; T^2 keeps the size of the gradient
        kd = F.kl_div(F.log_softmax(out / self.T, dim=1), soft, reduction="batchmean", log_target=True)
        return self.alpha * kd * self.T ** 2 + (1 - self.alpha) * hard


def fit(model, loss_fn, loader, epochs, lr):
    opt = torch.optim.Adam(model.parameters(), lr=lr)
    sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, epochs)
    for _ in range(epochs):
        model.train()
        for x, y in loader:
            opt.zero_grad()
            loss_fn(x, y).backward()
            opt.step()
        sched.step()
    return model


@torch.no_grad()
def accuracy(model, x, y):
    model.eval()
    return (model(x).argmax(-1) == y).float().mean().item()


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("-T", "--temperature", type=float, default=3.0)
    p.add_argument("--alpha", type=float, default=0.8)
    p.add_argument("--seed", type=int, default=0)
    args = p.parse_args()

    x, y = load_digits(return_X_y=True)
    a, b, ya, yb = train_test_split(x / 16, y, test_size=0.3, stratify=y, random_state=args.seed)
    to = lambda u: torch.tensor(u, dtype=torch.float32)
    xt, yt = to(b), torch.tensor(yb)
    loader = DataLoader(TensorDataset(to(a), torch.tensor(ya)), batch_size=64, shuffle=True)

    torch.manual_seed(args.seed)
    teacher = mlp(64, 128, 128, 10, dropout=0.2)
    fit(teacher, lambda u, v: F.cross_entropy(teacher(u), v), loader, epochs=8, lr=2e-3)

    torch.manual_seed(args.seed + 1)
    student = mlp(64, 12, 10)
    alone = mlp(64, 12, 10)
    alone.load_state_dict(student.state_dict())     # same start; load_state_dict copies the values
    distiller = Distiller(teacher, student, args.temperature, args.alpha)
    before = [p.clone() for p in teacher.parameters()]
    fit(student, distiller.loss, loader, epochs=12, lr=8e-3)
    fit(alone, lambda u, v: F.cross_entropy(alone(u), v), loader, epochs=12, lr=8e-3)
    assert all(torch.equal(p, q) for p, q in zip(teacher.parameters(), before))
    assert not teacher.training
    for name, m in dict(teacher=teacher, student=student, alone=alone).items():
        size = sum(q.numel() for q in m.parameters())
        print(f"{name:8s} {size:6d} parameters, test accuracy {accuracy(m, xt, yt):.4f}")


if __name__ == "__main__":
    main()
