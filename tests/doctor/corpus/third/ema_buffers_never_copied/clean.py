import copy

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset


class Stripes(Dataset):
    """8x8 images with horizontal, vertical or diagonal stripes."""

    def __init__(self, n, seed):
        g = torch.Generator().manual_seed(seed)
        r = torch.arange(8.0)
        phase = torch.rand(n, generator=g) * 6.28
        self.labels = torch.randint(3, (n,), generator=g)
        yy, xx = torch.meshgrid(r, r, indexing="ij")
        maps = torch.stack([yy, xx, (xx + yy) * 0.7])[self.labels]
        img = torch.sin(1.5 * maps + phase[:, None, None])
        self.images = (2.0 + 3.0 * (img + 0.8 * torch.randn(n, 8, 8, generator=g))).unsqueeze(1)

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, k):
        return self.images[k], self.labels[k]


def conv_net():
    return nn.Sequential(
        nn.BatchNorm2d(1),
        nn.Conv2d(1, 10, 3, padding=1, bias=False), nn.BatchNorm2d(10), nn.ReLU(),
        nn.Conv2d(10, 16, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 3),
    )


class MeanTeacher:
    def __init__(self, student, decay=0.95):
        self.decay = decay
        self.net = copy.deepcopy(student).eval()
        for p in self.net.parameters():
            p.requires_grad_(False)

    @torch.no_grad()
    def follow(self, student):
        for mine, theirs in zip(self.net.parameters(), student.parameters()):
            mine.lerp_(theirs, 1 - self.decay)
        for mine, theirs in zip(self.net.buffers(), student.buffers()):
            mine.copy_(theirs)


def score(net, loader):
    net.eval()
    with torch.no_grad():
        ok = sum((net(x).argmax(1) == y).sum().item() for x, y in loader)
    return ok / len(loader.dataset)


torch.manual_seed(8)
train = DataLoader(Stripes(480, 1), batch_size=32, shuffle=True)
valid = DataLoader(Stripes(240, 2), batch_size=80)
student = conv_net()
teacher = MeanTeacher(student)
opt = torch.optim.AdamW(student.parameters(), lr=3e-3)
ce = nn.CrossEntropyLoss()

for epoch in range(6):
    student.train()
    for x, y in train:
        loss = ce(student(x), y)
        opt.zero_grad()
        loss.backward()
        opt.step()
        teacher.follow(student)
    print(f"epoch {epoch}: student {score(student, valid):.3f}  averaged {score(teacher.net, valid):.3f}")
