"""Small ResNet with random flips and shifts, label smoothing and an exponential moving average of the weights."""
import argparse
import math

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.utils.data import DataLoader, TensorDataset


def synth_textures(n, templates):
    y = torch.randint(0, len(templates), (n,))
    x = templates[y] + 0.8 * torch.randn(n, 3, 16, 16)
    flip = torch.rand(n) < 0.5
    return torch.where(flip.view(-1, 1, 1, 1), x.flip(3), x), y


def augment(x, pad=2):
    flip = torch.rand(len(x)) < 0.5
    x = torch.where(flip.view(-1, 1, 1, 1), x.flip(3), x)
    size = x.shape[-1]
    padded = F.pad(x, (pad, pad, pad, pad))
    dy, dx = torch.randint(0, 2 * pad + 1, (2,)).tolist()
    return padded[:, :, dy:dy + size, dx:dx + size]


class Block(nn.Module):
    def __init__(self, cin, cout, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(cin, cout, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(cout)
        self.conv2 = nn.Conv2d(cout, cout, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(cout)
        self.shortcut = nn.Sequential(nn.Conv2d(cin, cout, 1, stride, bias=False), nn.BatchNorm2d(cout))

    def forward(self, x):
        h = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(h)) + self.shortcut(x))


def build(n_classes):
    return nn.Sequential(Block(3, 12, 2), Block(12, 24, 2), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
                         nn.Linear(24, n_classes))


@torch.no_grad()
def accuracy(model, loader):
    model.eval()
    return sum((model(x).argmax(1) == y).sum().item() for x, y in loader) / len(loader.dataset)


def main(args):
    torch.manual_seed(args.seed)
    coarse = torch.randn(4, 3, 4, 4)
    templates = F.interpolate(coarse, size=16, mode="bilinear", align_corners=False)
    train = DataLoader(TensorDataset(*synth_textures(400, templates)), args.batch_size, shuffle=True, drop_last=True)
    val = DataLoader(TensorDataset(*synth_textures(200, templates)), 100)

    model = build(4)
    ema = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(args.ema), use_buffers=True)
    optimizer = torch.optim.SGD(model.parameters(), lr=args.lr, momentum=0.9, nesterov=True, weight_decay=5e-4)
    total = args.epochs * len(train)
    warmup = len(train)

    def factor(step):
        if step < warmup:
            return (step + 1) / warmup
        return 0.5 * (1 + math.cos(math.pi * (step - warmup) / (total - warmup)))

    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, factor)
    for epoch in range(args.epochs):
        model.train()
        for x, y in train:
            loss = F.cross_entropy(model(augment(x)), y, label_smoothing=0.1)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            scheduler.step()
            ema.update_parameters(model)
        print(f"epoch {epoch + 1} acc {accuracy(model, val):.3f} ema acc {accuracy(ema, val):.3f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--lr", type=float, default=0.05)
    parser.add_argument("--ema", type=float, default=0.9)
    parser.add_argument("--seed", type=int, default=1)
    main(parser.parse_args())
