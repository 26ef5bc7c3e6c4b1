import copy

import torch
import torch.nn as nn
import torch.nn.functional as F


def mlp(*sizes):
    layers = []
    for i, (a, b) in enumerate(zip(sizes[:-1], sizes[1:])):
        layers.append(nn.Linear(a, b))
        if i < len(sizes) - 2:
            layers.append(nn.ReLU())
    return nn.Sequential(*layers)


class Distiller(nn.Module):
    def __init__(self, teacher, student, temperature=3.0, alpha=0.8):
        super().__init__()
        self.teacher = copy.deepcopy(teacher).requires_grad_(False)
        self.student = student
        self.temperature = temperature
        self.alpha = alpha

    def train(self, mode=True):
        super().train(mode)
        self.teacher.eval()
        return self

    def forward(self, x, y):
        with torch.no_grad():
            t = self.teacher(x) / self.temperature
        out = self.student(x)
        s = out / self.temperature
        soft = F.kl_div(F.softmax(s, dim=-1), F.softmax(t, dim=-1), reduction="batchmean")
        hard = F.cross_entropy(out, y)
        return self.alpha * self.temperature ** 2 * soft + (1 - self.alpha) * hard


def optimise(loss_of, params, n, epochs, lr=4e-3):
    opt = torch.optim.Adam(params, lr=lr)
    for _ in range(epochs):
        for idx in torch.randperm(n).split(50):
            opt.zero_grad()
            loss_of(idx).backward()
            opt.step()


def accuracy(net, x, y):
    net.eval()
    with torch.no_grad():
        return (net(x).argmax(-1) == y).float().mean().item()


torch.manual_seed(31)
planes = torch.randn(2, 12, 8)
x = torch.randn(1700, 12)
y = ((x @ planes[0]).abs() + x @ planes[1]).argmax(-1)
x_train, y_train, x_test, y_test = x[:1200], y[:1200], x[1200:], y[1200:]

teacher = mlp(12, 128, 128, 8)
teacher.train()
optimise(lambda i: F.cross_entropy(teacher(x_train[i]), y_train[i]), teacher.parameters(), 1200, epochs=8)
print("teacher", accuracy(teacher, x_test, y_test))

job = Distiller(teacher, mlp(12, 24, 8))
job.train()
optimise(lambda i: job(x_train[i], y_train[i]), job.student.parameters(), 1200, epochs=15)
print("student", accuracy(job.student, x_test, y_test))
