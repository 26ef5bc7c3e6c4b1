"""작은 Vision Transformer로 숫자(8x8) 분류 — warm-up + cosine 학습률."""
import copy
import math

import numpy as np
import torch
import torch.nn as nn
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch.utils.data import DataLoader, TensorDataset

cfg = dict(patch=2, dim=48, depth=2, heads=4, mlp=96, drop=0.1, bs=32, epochs=8, lr=3e-3, wd=0.05, seed=0)


class PatchEmbed(nn.Module):
    def __init__(self, patch, dim, size=8):
        super().__init__()
        self.proj = nn.Conv2d(1, dim, kernel_size=patch, stride=patch)
        self.n = (size // patch) ** 2

    def forward(self, x):
        return self.proj(x).flatten(2).transpose(1, 2)      # (B, N, D)


class ViT(nn.Module):
    def __init__(self, patch, dim, depth, heads, mlp, drop, n_classes=10):
        super().__init__()
        self.patches = PatchEmbed(patch, dim)
        self.cls = nn.Parameter(torch.zeros(1, 1, dim))
        self.pos = nn.Parameter(torch.empty(1, self.patches.n + 1, dim))
        nn.init.trunc_normal_(self.cls, std=0.02)
        nn.init.trunc_normal_(self.pos, std=0.02)
        layer = nn.TransformerEncoderLayer(dim, heads, mlp, drop, activation="gelu", batch_first=True, norm_first=True)
        self.encoder = nn.TransformerEncoder(layer, depth, enable_nested_tensor=False)
        self.norm = nn.LayerNorm(dim)
        self.head = nn.Linear(dim, n_classes)

    def forward(self, x):
        x = self.patches(x)
        x = torch.cat([self.cls.expand(x.size(0), -1, -1), x], dim=1) + self.pos
        return self.head(self.norm(self.encoder(x)[:, 0]))


class WarmupCosine:
    """스텝 단위 스케줄러: step()을 optimizer.step() 직전에 호출."""

    def __init__(self, optimizer, base_lr, warmup, total):
        self.optimizer, self.base_lr, self.warmup, self.total = optimizer, base_lr, warmup, total
        self.t = 0

    def step(self):
        self.t += 1
        if self.t <= self.warmup:
            lr = self.base_lr * self.t / self.warmup
        else:
            q = (self.t - self.warmup) / (self.total - self.warmup)
            lr = 0.5 * self.base_lr * (1 + math.cos(math.pi * q))
        for g in self.optimizer.param_groups:
            g["lr"] = lr
        return lr


def param_groups(model, wd):
    # 편향, 정규화, 위치/클래스 토큰에는 weight decay를 적용하지 않음
    decay, no_decay = [], []
    for name, p in model.named_parameters():
        (no_decay if p.ndim == 1 or name in ("cls", "pos") else decay).append(p)
    return [{"params": decay, "weight_decay": wd}, {"params": no_decay, "weight_decay": 0.0}]


def load():
    d = load_digits()
    x, y = (d.images / 16.0).astype(np.float32)[:, None], d.target
    x, x_te, y, y_te = train_test_split(x, y, test_size=360, stratify=y, random_state=cfg["seed"])
    x, x_va, y, y_va = train_test_split(x, y, test_size=240, stratify=y, random_state=cfg["seed"])
    mu, sd = x.mean(), x.std()

    def dl(a, b, shuffle=False):
        ds = TensorDataset(torch.from_numpy((a - mu) / sd), torch.from_numpy(b).long())
        return DataLoader(ds, cfg["bs"], shuffle=shuffle)

    return dl(x, y, True), dl(x_va, y_va), dl(x_te, y_te)


@torch.no_grad()
def test(model, loader):
    model.eval()
    c = n = 0
    for x, y in loader:
        c += (model(x).argmax(-1) == y).sum().item()
        n += y.numel()
    return c / n


torch.manual_seed(cfg["seed"])
train_dl, val_dl, test_dl = load()
model = ViT(*(cfg[k] for k in ("patch", "dim", "depth", "heads", "mlp", "drop")))
optimizer = torch.optim.AdamW(param_groups(model, cfg["wd"]), lr=cfg["lr"])
total = cfg["epochs"] * len(train_dl)
schedule = WarmupCosine(optimizer, cfg["lr"], warmup=total // 10, total=total)
criterion = nn.CrossEntropyLoss(label_smoothing=0.1)

best = (-1.0, None)
for epoch in range(cfg["epochs"]):
    model.train()
    for x, y in train_dl:
        optimizer.zero_grad()
        criterion(model(x), y).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        lr = schedule.step()
        optimizer.step()
    acc = test(model, val_dl)
    print(f"에폭 {epoch + 1:2d}  lr {lr:.2e}  검증 정확도 {acc:.3f}")
    if acc > best[0]:
        best = (acc, copy.deepcopy(model.state_dict()))

model.load_state_dict(best[1])
print(f"테스트 정확도 {test(model, test_dl):.3f}")
