"""Accelerate: small U-Net on synthetic masks, accumulation, bf16, clipping on sync only, gathered metrics, pixel-pooled Dice."""
import torch
import torch.nn as nn
import torch.nn.functional as F
from accelerate import Accelerator
from accelerate.utils import set_seed
from torch.utils.data import DataLoader, TensorDataset


def shapes(n, seed, size=16):
    g = torch.Generator().manual_seed(seed)
    yy, xx = torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")
    c = 3 + (size - 6) * torch.rand(n, 2, 1, 1, generator=g)
    r = 2 + 2.5 * torch.rand(n, 1, 1, generator=g)
    disc = ((yy - c[:, 0]).square() + (xx - c[:, 1]).square() < r.square()).float()
    img = disc * 0.8 + 0.5 * torch.randn(n, size, size, generator=g)
    return img[:, None], disc[:, None]


def block(i, o):
    return nn.Sequential(nn.Conv2d(i, o, 3, padding=1, bias=False), nn.GroupNorm(4, o), nn.ReLU())


class UNet(nn.Module):
    def __init__(self, w=8):
        super().__init__()
        self.d1, self.d2 = block(1, w), block(w, 2 * w)
        self.up = nn.ConvTranspose2d(2 * w, w, 2, stride=2)
        self.u1, self.out = block(2 * w, w), nn.Conv2d(w, 1, 1)
        nn.init.constant_(self.out.bias, -2.0)  # foreground is rare: start near its frequency

    def forward(self, x):
        a = self.d1(x)
        b = self.up(self.d2(F.max_pool2d(a, 2)))
        return self.out(self.u1(torch.cat([a, b], 1)))


def soft_dice(logits, y, eps=1.0):
    p = logits.sigmoid()
    inter, total = (p * y).sum((1, 2, 3)), (p + y).sum((1, 2, 3))
    return (1 - (2 * inter + eps) / (total + eps)).mean()


def evaluate(acc, model, loader):
    model.eval()
    tp = fp = fn = 0.0
    for x, y in loader:
        with torch.no_grad():
            pred = model(x) > 0  # a logit above zero is a probability above one half
        pred, y = acc.gather_for_metrics((pred, y.bool()))
        tp += (pred & y).sum().item()
        fp += (pred & ~y).sum().item()
        fn += (~pred & y).sum().item()
    model.train()
    return 2 * tp / max(1.0, 2 * tp + fp + fn)


def main(epochs=3):
    set_seed(0)
    acc = Accelerator(cpu=True, gradient_accumulation_steps=2, mixed_precision="bf16")
    train = DataLoader(TensorDataset(*shapes(320, 1)), batch_size=16, shuffle=True)
    val = DataLoader(TensorDataset(*shapes(80, 2)), batch_size=40)
    model = UNet()
    opt = torch.optim.AdamW(model.parameters(), lr=1e-2)
    sched = torch.optim.lr_scheduler.OneCycleLR(opt, 1e-2, total_steps=epochs * len(train) // 2)
    model, opt, train, val, sched = acc.prepare(model, opt, train, val, sched)
    for epoch in range(epochs):
        seen = 0.0
        for x, y in train:
            with acc.accumulate(model):
                logits = model(x)
                loss = F.binary_cross_entropy_with_logits(logits.float(), y) + soft_dice(logits.float(), y)
                acc.backward(loss)  # divided by the number of accumulation steps in here
                if acc.sync_gradients:
                    acc.clip_grad_norm_(model.parameters(), 1.0)
                # these three do nothing but on a synchronising step
                opt.step()
                sched.step()
                opt.zero_grad()
            seen += loss.item() * len(x)
        acc.print(f"epoch {epoch} loss {seen / len(train.dataset):.3f} val dice {evaluate(acc, model, val):.3f}")


if __name__ == "__main__":
    main()
