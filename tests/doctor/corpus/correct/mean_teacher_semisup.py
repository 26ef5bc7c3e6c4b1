"""Mean teacher: 40 labelled moons, many unlabelled; the EMA teacher never receives gradients."""
import copy
import math

import torch
import torch.nn.functional as F
from sklearn.datasets import make_moons
from sklearn.model_selection import train_test_split
from torch import nn

torch.manual_seed(7)
X, y = make_moons(2000, noise=0.15, random_state=7)
X_tr, X_te, y_tr, y_te = train_test_split(X, y, test_size=0.3, stratify=y, random_state=7)
X_lab, X_unl, y_lab, _ = train_test_split(X_tr, y_tr, train_size=40, stratify=y_tr, random_state=7)
x_lab, t_lab = torch.tensor(X_lab, dtype=torch.float32), torch.tensor(y_lab)
x_unl, x_te, t_te = (torch.tensor(X_unl, dtype=torch.float32), torch.tensor(X_te, dtype=torch.float32), torch.tensor(y_te))

student = nn.Sequential(nn.Linear(2, 64), nn.ReLU(), nn.Dropout(0.1), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2))
teacher = copy.deepcopy(student).requires_grad_(False)
opt = torch.optim.Adam(student.parameters(), lr=3e-3)
STEPS, RAMP, MAX_W = 400, 150, 5.0


@torch.no_grad()
def ema_update(step):
    decay = min(0.99, 1 - 1 / (step + 1))
    for pt, ps in zip(teacher.parameters(), student.parameters()):
        pt.lerp_(ps, 1 - decay)


def perturb(x):
    return x + 0.1 * torch.randn_like(x)


@torch.no_grad()
def accuracy(net):
    was = net.training
    net.eval()
    acc = (net(x_te).argmax(1) == t_te).float().mean().item()
    net.train(was)
    return acc


student.train()
teacher.train()  # the teacher's dropout is one of the perturbations, as in the original method
for step in range(STEPS):
    xu = x_unl[torch.randint(len(x_unl), (96,))]
    batch = torch.cat([x_lab, xu])
    logits = student(perturb(batch))
    with torch.no_grad():
        target = teacher(perturb(batch)).softmax(1)
    ce = F.cross_entropy(logits[: len(x_lab)], t_lab)
    consistency = F.mse_loss(logits.softmax(1), target)
    ramp = math.exp(-5 * (1 - min(1.0, step / RAMP)) ** 2)
    loss = ce + MAX_W * ramp * consistency
    opt.zero_grad()
    loss.backward()
    opt.step()
    ema_update(step)
    if (step + 1) % 100 == 0:
        print(f"step {step + 1}: ce {ce.item():.4f} consistency {consistency.item():.5f}")
print(f"test acc student {accuracy(student):.3f} teacher {accuracy(teacher):.3f}")
