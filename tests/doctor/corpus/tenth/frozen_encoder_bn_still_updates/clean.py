import argparse

import torch
from torch import nn
import torch.nn.functional as F


class Encoder(nn.Module):
    def __init__(self, d=12, h=32):
        super().__init__()
        self.fc1, self.bn1 = nn.Linear(d, h), nn.BatchNorm1d(h)
        self.fc2, self.bn2 = nn.Linear(h, h), nn.BatchNorm1d(h)

    def forward(self, x):
        x = F.relu(self.bn1(self.fc1(x)))
        return F.relu(self.bn2(self.fc2(x)))


class Classifier(nn.Module):
    def __init__(self, encoder, n_classes):
        super().__init__()
        self.encoder = encoder
        self.head = nn.Linear(32, n_classes)

    def forward(self, x):
        return self.head(self.encoder(x))


def source_task(n):
    x = torch.randn(n, 12)
    return x, (x[:, :4].sum(1) > 0).long() * 2 + (x[:, 4:8].sum(1) > 0).long()


def target_task(n):
    x = torch.randn(n, 12) * 1.2 + 0.3
    return x, (x[:, :8].sum(1) > 2.4).long()


def run_epoch(model, opt, x, y):
    for idx in torch.randperm(len(x)).split(40):
        opt.zero_grad()
        F.cross_entropy(model(x[idx]), y[idx]).backward()
        opt.step()


@torch.no_grad()
def acc(model, x, y):
    model.eval()
    return (model(x).argmax(1) == y).float().mean().item()


parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=4)
args = parser.parse_args()
torch.manual_seed(args.seed)

xs, ys = source_task(2000)
pretrained = Classifier(Encoder(), 4)
opt = torch.optim.Adam(pretrained.parameters(), lr=3e-3)
for _ in range(8):
    pretrained.train()
    run_epoch(pretrained, opt, xs, ys)
print("source acc", acc(pretrained, *source_task(500)))

# linear probe: the encoder stays exactly as it was pre-trained
probe = Classifier(pretrained.encoder, 2)
for p in probe.encoder.parameters():
    p.requires_grad = False
xt, yt = target_task(400)
opt = torch.optim.Adam(probe.head.parameters(), lr=1e-2)
for _ in range(20):
    probe.train()
    probe.encoder.eval()
    run_epoch(probe, opt, xt, yt)
print("target acc", acc(probe, *target_task(500)))
# the source head must still work on top of the shared encoder
print("source acc again", acc(pretrained, *source_task(500)))
