"""Train a small CNN on the 8x8 digits.

    python digits_cnn_augment.py --epochs 6 --max-lr 0.2
"""
import argparse
import copy
import random

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch.utils.data import DataLoader, Dataset


def parse():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--epochs", type=int, default=6)
    p.add_argument("--batch-size", type=int, default=64)
    p.add_argument("--max-lr", type=float, default=0.2)
    p.add_argument("--wd", type=float, default=5e-4)
    p.add_argument("--seed", type=int, default=7)
    return p.parse_args()


class RandomShift:
    """Pad by one pixel with zeros and crop back at a random place."""

    def __call__(self, img):
        padded = F.pad(img, (1, 1, 1, 1), value=0.0)
        i, j = torch.randint(0, 3, (2,)).tolist()
        return padded[:, i:i + 8, j:j + 8]


class Cutout:
    def __init__(self, size=2, p=0.3):
        self.size, self.p = size, p

    def __call__(self, img):
        if torch.rand(()) < self.p:
            img = img.clone()          # the array behind the dataset stays as it is
            y, x = torch.randint(0, 8 - self.size, (2,)).tolist()
            img[:, y:y + self.size, x:x + self.size] = 0.0
        return img


class ArrayDataset(Dataset):
    def __init__(self, images, labels, mean, std, augment=()):
        self.images = torch.from_numpy(images).float().div_(16.0).unsqueeze(1)
        self.labels = torch.from_numpy(labels).long()
        self.mean, self.std, self.augment = mean, std, augment

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        img = self.images[i]
        for t in self.augment:
            img = t(img)
        return (img - self.mean) / self.std, self.labels[i]


def conv_bn(cin, cout, stride=1):
    return nn.Sequential(
        nn.Conv2d(cin, cout, 3, stride, 1, bias=False),   # BatchNorm carries the bias
        nn.BatchNorm2d(cout),
        nn.ReLU(inplace=True),
    )


class Net(nn.Module):
    def __init__(self, classes=10):
        super().__init__()
        self.stem = conv_bn(1, 16)
        self.body = nn.Sequential(conv_bn(16, 32, 2), conv_bn(32, 32))
        self.head = nn.Linear(32, classes)

    def forward(self, x):
        x = self.body(self.stem(x))
        return self.head(x.mean((2, 3)))


def param_groups(model, wd):
    decay, rest = [], []
    for p in model.parameters():
        (decay if p.ndim > 1 else rest).append(p)
    return [{"params": decay, "weight_decay": wd}, {"params": rest, "weight_decay": 0.0}]


@torch.inference_mode()
def evaluate(model, loader):
    model.eval()
    loss = correct = n = 0
    for x, y in loader:
        out = model(x)
        loss += F.cross_entropy(out, y, reduction="sum").item()
        correct += (out.argmax(1) == y).sum().item()
        n += len(y)
    return loss / n, correct / n


def main():
    args = parse()
    random.seed(args.seed); np.random.seed(args.seed); torch.manual_seed(args.seed)

    X, y = load_digits(return_X_y=True)
    X = X.reshape(-1, 8, 8)
    X_tr, X_te, y_tr, y_te = train_test_split(X, y, test_size=0.2, stratify=y, random_state=0)
    X_tr, X_va, y_tr, y_va = train_test_split(X_tr, y_tr, test_size=0.2, stratify=y_tr, random_state=0)
    mean, std = float(X_tr.mean() / 16), float(X_tr.std() / 16)

    train = DataLoader(ArrayDataset(X_tr, y_tr, mean, std, (RandomShift(), Cutout())),
                       args.batch_size, shuffle=True, drop_last=True)
    val = DataLoader(ArrayDataset(X_va, y_va, mean, std), 256)
    test = DataLoader(ArrayDataset(X_te, y_te, mean, std), 256)

    model = Net()
    opt = torch.optim.SGD(param_groups(model, args.wd), lr=args.max_lr, momentum=0.9, nesterov=True)
    sched = torch.optim.lr_scheduler.OneCycleLR(opt, args.max_lr, epochs=args.epochs,
                                                steps_per_epoch=len(train))
    best, best_state = float("inf"), None
    for epoch in range(args.epochs):
        model.train()
        for xb, yb in train:
            opt.zero_grad(set_to_none=True)
            loss = F.cross_entropy(model(xb), yb, label_smoothing=0.05)
            loss.backward()
            opt.step()
            sched.step()               # OneCycle: once per batch
        vl, va = evaluate(model, val)
        print(f"epoch {epoch} lr {sched.get_last_lr()[0]:.5f} val loss {vl:.3f} acc {va:.3f}")
        if vl < best:
            best, best_state = vl, copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    print("test loss %.3f acc %.3f" % evaluate(model, test))


if __name__ == "__main__":
    main()
