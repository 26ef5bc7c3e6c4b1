import copy

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(31)


class Backbone(nn.Module):
    def __init__(self, width=16):
        super().__init__()
        self.c1 = nn.Conv1d(1, width, 5, padding=2)
        self.c2 = nn.Conv1d(width, width, 5, padding=2)

    def forward(self, x):
        x = F.max_pool1d(F.relu(self.c1(x)), 2)
        x = F.relu(self.c2(x))
        return x.mean(-1)


class Classifier(nn.Module):
    def __init__(self, backbone, n_classes):
        super().__init__()
        self.backbone = backbone
        self.head = nn.Linear(16, n_classes)

    def forward(self, x):
        return self.head(self.backbone(x))


def waves(n, freqs, noise):
    y = torch.randint(0, len(freqs), (n,))
    t = torch.linspace(0, 1, 48)
    f = torch.tensor(freqs)[y].unsqueeze(1)
    x = torch.sin(2 * torch.pi * (f * t + torch.rand(n, 1))) + noise * torch.randn(n, 48)
    return x.unsqueeze(1), y


def freeze(module):
    for p in module.parameters():
        p.require_grad = False
    return module


def fit(model, x, y, lr, epochs, bs=64):
    opt = torch.optim.AdamW(model.parameters(), lr=lr)
    model.train()
    for _ in range(epochs):
        for idx in torch.randperm(len(x)).split(bs):
            opt.zero_grad()
            F.cross_entropy(model(x[idx]), y[idx]).backward()
            opt.step()


@torch.no_grad()
def accuracy(model, x, y):
    model.eval()
    return (model(x).argmax(1) == y).float().mean().item()


# ---- pre-training on plenty of clean waves
source = Classifier(Backbone(), 4)
fit(source, *waves(1200, [2.0, 5.0, 9.0, 14.0], 0.2), lr=3e-3, epochs=8)
print("source acc", accuracy(source, *waves(400, [2.0, 5.0, 9.0, 14.0], 0.2)))

# ---- linear probe on forty noisy waves of new frequencies
probe = Classifier(freeze(copy.deepcopy(source.backbone)), 3)
few_x, few_y = waves(40, [3.0, 7.0, 12.0], 1.1)
fit(probe, few_x, few_y, lr=5e-3, epochs=80, bs=20)
print("probe acc", accuracy(probe, *waves(600, [3.0, 7.0, 12.0], 1.1)))
