import copy

import torch
import torch.nn as nn
import torch.nn.functional as F


def net():
    return nn.Sequential(
        nn.Conv2d(1, 12, 3, padding=1, bias=False), nn.BatchNorm2d(12), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(12, 24, 3, padding=1, bias=False), nn.BatchNorm2d(24), nn.ReLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(24, 4),
    )


class MeanTeacher:
    def __init__(self, student, decay=0.95):
        self.student = student
        self.teacher = copy.deepcopy(student).requires_grad_(False).eval()
        self.decay = decay

    @torch.no_grad()
    def step(self):
        for t, s in zip(self.teacher.parameters(), self.student.parameters()):
            t.mul_(self.decay).add_(s, alpha=1 - self.decay)
        for t, s in zip(self.teacher.buffers(), self.student.buffers()):
            t.copy_(s)


def textures(n):
    y = torch.randint(0, 4, (n,))
    base = torch.randn(n, 1, 12, 12)
    blur_h = F.avg_pool2d(base, (1, 5), 1, (0, 2)) * 2
    blur_v = F.avg_pool2d(base, (5, 1), 1, (2, 0)) * 2
    both = F.avg_pool2d(base, 3, 1, 1) * 3
    pick = torch.stack([base, blur_h, blur_v, both], dim=1)
    x = pick[torch.arange(n), y]
    return 1.5 + 0.8 * x + 0.5 * torch.randn(n, 1, 12, 12), y


@torch.no_grad()
def accuracy(model, x, y):
    model.eval()
    return (model(x).argmax(1) == y).float().mean().item()


torch.manual_seed(17)
labelled_x, labelled_y = textures(200)
unlabelled_x, _ = textures(1200)
val_x, val_y = textures(400)
student = net()
mt = MeanTeacher(student)
opt = torch.optim.Adam(student.parameters(), lr=2e-3)

for epoch in range(6):
    student.train()
    for idx in torch.randperm(len(unlabelled_x)).split(60):
        pick = torch.randint(0, len(labelled_x), (40,))
        both = torch.cat([labelled_x[pick], unlabelled_x[idx] + 0.2 * torch.randn_like(unlabelled_x[idx])])
        logits = student(both)
        with torch.no_grad():
            soft = mt.teacher(unlabelled_x[idx]).softmax(1)
        ramp = min(1.0, epoch / 3)
        loss = F.cross_entropy(logits[:40], labelled_y[pick]) + ramp * F.mse_loss(logits[40:].softmax(1), soft)
        opt.zero_grad()
        loss.backward()
        opt.step()
        mt.step()
    print(f"epoch {epoch} student {accuracy(student, val_x, val_y):.3f} teacher {accuracy(mt.teacher, val_x, val_y):.3f}")
