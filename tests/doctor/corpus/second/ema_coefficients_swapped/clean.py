import copy
import torch
import torch.nn as nn
import torch.nn.functional as F


class MomentumTeacher:
    """Slow copy of a network, used for pseudo labels (mean teacher)."""

    def __init__(self, student, m=0.99):
        self.m = m
        self.net = copy.deepcopy(student)
        self.net.requires_grad_(False)
        self.net.eval()

    @torch.no_grad()
    def update(self, student):
        for slow, fast in zip(self.net.parameters(), student.parameters()):
            slow.mul_(self.m).add_(fast, alpha=1 - self.m)
        for slow, fast in zip(self.net.buffers(), student.buffers()):
            slow.copy_(fast)

    @torch.no_grad()
    def predict(self, x):
        return self.net(x).softmax(1)


def spiral(n, g):
    y = torch.randint(0, 2, (n,), generator=g)
    r = torch.rand(n, generator=g) * 2 + 0.3
    a = 2.0 * r + 3.1416 * y
    x = torch.stack([r * a.cos(), r * a.sin()], 1)
    return x + 0.1 * torch.randn(n, 2, generator=g), y


def train(steps=300):
    g = torch.Generator().manual_seed(2)
    x_lab, y_lab = spiral(60, g)
    x_un, _ = spiral(1000, g)
    x_te, y_te = spiral(400, g)
    student = nn.Sequential(nn.Linear(2, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2))
    teacher = MomentumTeacher(student)
    opt = torch.optim.SGD(student.parameters(), lr=0.1, momentum=0.9)
    for step in range(steps):
        student.train()
        i = torch.randint(0, 60, (16,), generator=g)
        u = x_un[torch.randint(0, 1000, (64,), generator=g)]
        target = teacher.predict(u + 0.05 * torch.randn_like(u))
        probs = student(u + 0.05 * torch.randn_like(u)).softmax(1)
        consistency = F.mse_loss(probs, target)
        weight = min(1.0, step / 100)
        loss = F.cross_entropy(student(x_lab[i]), y_lab[i]) + weight * consistency
        opt.zero_grad()
        loss.backward()
        opt.step()
        teacher.update(student)
    drift = sum((a - b).norm() for a, b in zip(teacher.net.parameters(), student.parameters())).item()
    acc = (teacher.predict(x_te).argmax(1) == y_te).float().mean().item()
    return acc, drift


torch.manual_seed(2)
print("teacher accuracy %.3f, distance to the student %.4f" % train())
