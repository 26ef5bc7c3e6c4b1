# Semi-supervised "mean teacher": 40 labelled points, 600 unlabelled ones.
import copy

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(11)


def blobs(n):
    y = torch.randint(0, 3, (n,))
    centers = torch.tensor([[0.0, 2.0], [1.8, -1.0], [-1.8, -1.0]])
    return centers[y] + 0.7 * torch.randn(n, 2), y


x_lab, y_lab = blobs(40)
x_unl, _ = blobs(600)
x_test, y_test = blobs(500)

student = nn.Sequential(
    nn.Linear(2, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Dropout(0.2), nn.Linear(32, 3)
)
teacher = copy.deepcopy(student)
for p in teacher.parameters():
    p.requires_grad_(False)
teacher.eval()

optimizer = torch.optim.Adam(student.parameters(), lr=3e-3)


@torch.no_grad()
def ema_update(step, decay=0.98):
    d = min(decay, (1 + step) / (10 + step))
    for t, s in zip(teacher.parameters(), student.parameters()):
        t.mul_(d).add_(s, alpha=1 - d)
    for t, s in zip(teacher.buffers(), student.buffers()):
        t.copy_(s)


def jitter(x):
    return x + 0.15 * torch.randn_like(x)


@torch.no_grad()
def accuracy(net):
    was_training = net.training
    net.eval()
    acc = (net(x_test).argmax(1) == y_test).float().mean().item()
    net.train(was_training)
    return acc


student.train()
for step in range(300):
    idx_l = torch.randint(0, len(x_lab), (20,))
    idx_u = torch.randint(0, len(x_unl), (80,))
    xb = torch.cat([x_lab[idx_l], x_unl[idx_u]])
    logits = student(jitter(xb))
    with torch.no_grad():
        target = teacher(jitter(xb)).softmax(dim=1)

    sup = F.cross_entropy(logits[:20], y_lab[idx_l])
    consistency = F.mse_loss(logits.softmax(dim=1), target)
    ramp = min(1.0, step / 100)
    loss = sup + 5.0 * ramp * consistency

    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    ema_update(step)

    if step % 100 == 99:
        print(f"{step + 1}: student {accuracy(student):.3f}  teacher {accuracy(teacher):.3f}")
