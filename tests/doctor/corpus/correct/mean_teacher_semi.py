# Mean teacher: a few labels, many unlabeled points, teacher is an EMA of the student.
import copy

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F


def moons(n, rng):
    t = rng.uniform(0, np.pi, n)
    y = rng.integers(0, 2, n)
    x = np.where(y == 0, np.cos(t), 1 - np.cos(t))
    v = np.where(y == 0, np.sin(t), 0.5 - np.sin(t))
    pts = np.stack([x, v], 1) + rng.normal(0, 0.1, (n, 2))
    return torch.from_numpy(pts.astype(np.float32)), torch.from_numpy(y)


@torch.no_grad()
def update_teacher(student, teacher, decay):
    for s, t in zip(student.parameters(), teacher.parameters()):
        t.mul_(decay).add_(s, alpha=1 - decay)
    for s, t in zip(student.buffers(), teacher.buffers()):
        t.copy_(s)


def rampup(step, length=60):
    if step >= length:
        return 1.0
    phase = 1.0 - step / length
    return float(np.exp(-5.0 * phase * phase))


def main():
    torch.manual_seed(3)
    rng = np.random.default_rng(3)
    x_lab, y_lab = moons(16, rng)
    x_unl, _ = moons(400, rng)
    x_test, y_test = moons(200, rng)

    student = nn.Sequential(nn.Linear(2, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Dropout(0.1), nn.Linear(32, 2))
    teacher = copy.deepcopy(student)
    for p in teacher.parameters():
        p.requires_grad_(False)

    opt = torch.optim.SGD(student.parameters(), lr=0.05, momentum=0.9, nesterov=True, weight_decay=1e-4)
    student.train()
    teacher.train()
    for step in range(100):
        pick = torch.from_numpy(rng.choice(len(x_unl), 64, replace=False))
        batch = torch.cat([x_lab, x_unl[pick]])
        noisy_s = batch + 0.05 * torch.randn_like(batch)
        noisy_t = batch + 0.05 * torch.randn_like(batch)
        out_s = student(noisy_s)
        with torch.no_grad():
            target = teacher(noisy_t).softmax(dim=1)
        supervised = F.cross_entropy(out_s[: len(x_lab)], y_lab)
        consistency = F.mse_loss(out_s.softmax(dim=1), target)
        loss = supervised + 5.0 * rampup(step) * consistency
        opt.zero_grad()
        loss.backward()
        opt.step()
        update_teacher(student, teacher, decay=min(1 - 1 / (step + 1), 0.99))

    teacher.eval()
    with torch.no_grad():
        acc = (teacher(x_test).argmax(1) == y_test).float().mean().item()
    print("teacher accuracy", round(acc, 3))


main()
