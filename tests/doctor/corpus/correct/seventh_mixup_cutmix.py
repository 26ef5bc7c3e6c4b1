import random
from typing import Callable, Dict, Tuple

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset, random_split

N_CLASSES = 10
MIXERS: Dict[str, Callable[[Tensor, Tensor, float], Tuple[Tensor, Tensor]]] = {}


def register(name: str):
    def deco(fn):
        MIXERS[name] = fn
        return fn
    return deco


@register("none")
def no_mix(x: Tensor, y: Tensor, alpha: float) -> Tuple[Tensor, Tensor]:
    return x, y


@register("mixup")
def mixup(x: Tensor, y: Tensor, alpha: float) -> Tuple[Tensor, Tensor]:
    lam = float(np.random.beta(alpha, alpha))
    perm = torch.randperm(x.size(0))
    return lam * x + (1 - lam) * x[perm], lam * y + (1 - lam) * y[perm]


@register("cutmix")
def cutmix(x: Tensor, y: Tensor, alpha: float) -> Tuple[Tensor, Tensor]:
    lam = float(np.random.beta(alpha, alpha))
    perm = torch.randperm(x.size(0))
    h, w = x.shape[-2:]
    ch, cw = int(h * np.sqrt(1 - lam)), int(w * np.sqrt(1 - lam))
    cy, cx = np.random.randint(h), np.random.randint(w)
    y1, y2 = np.clip([cy - ch // 2, cy + ch // 2], 0, h)
    x1, x2 = np.clip([cx - cw // 2, cx + cw // 2], 0, w)
    out = x.clone()
    out[..., y1:y2, x1:x2] = x[perm][..., y1:y2, x1:x2]
    lam = 1 - float((y2 - y1) * (x2 - x1)) / (h * w)  # what was really pasted, after clipping at the border
    return out, lam * y + (1 - lam) * y[perm]


class MixCollate:
    """collate_fn: stacks, one-hots, then draws one of the mixers for the whole batch"""

    def __init__(self, names=("mixup", "cutmix", "none"), alpha: float = 0.4):
        self.names, self.alpha = list(names), alpha

    def __call__(self, batch):
        x = torch.stack([b[0] for b in batch])
        y = F.one_hot(torch.stack([b[1] for b in batch]), N_CLASSES).float()
        return MIXERS[random.choice(self.names)](x, y, self.alpha)


def soft_cross_entropy(logits: Tensor, target: Tensor) -> Tensor:
    return -(target * F.log_softmax(logits, dim=-1)).sum(-1).mean()


def build() -> nn.Module:
    return nn.Sequential(nn.Conv2d(1, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
                         nn.Conv2d(16, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.Flatten(),
                         nn.Linear(32 * 16, N_CLASSES))


@torch.inference_mode()
def evaluate(model: nn.Module, loader: DataLoader) -> Dict[str, float]:
    model.eval()
    loss = hits = n = 0
    for x, y in loader:
        logits = model(x)
        loss += F.cross_entropy(logits, y, reduction="sum").item()
        hits += int((logits.argmax(-1) == y).sum())
        n += len(y)
    return {"loss": loss / n, "acc": hits / n}


def run(mixers, data, epochs: int = 6, seed: int = 0):
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    train, val, test = data
    loader = DataLoader(train, batch_size=64, shuffle=True, collate_fn=MixCollate(mixers))
    plain = {k: DataLoader(v, batch_size=256) for k, v in (("val", val), ("test", test))}
    model = build()
    opt = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, nesterov=True, weight_decay=5e-4)
    sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, epochs)
    best, snapshot = -1.0, None
    for _ in range(epochs):
        model.train()
        for x, y in loader:
            opt.zero_grad()
            soft_cross_entropy(model(x), y).backward()
            opt.step()
        sched.step()
        acc = evaluate(model, plain["val"])["acc"]
        if acc > best:
            best, snapshot = acc, {k: v.clone() for k, v in model.state_dict().items()}
    model.load_state_dict(snapshot)
    return best, evaluate(model, plain["test"])


if __name__ == "__main__":
    d = load_digits()
    full = TensorDataset(torch.tensor(d.images, dtype=torch.float32)[:, None] / 16, torch.tensor(d.target))
    data = random_split(full, [1000, 300, len(full) - 1300], generator=torch.Generator().manual_seed(0))
    for mixers in (("none",), ("mixup", "cutmix", "none")):
        val, test = run(mixers, data)
        print(f"{'+'.join(mixers):20s} val acc {val:.4f}  test acc {test['acc']:.4f}  test loss {test['loss']:.4f}")
