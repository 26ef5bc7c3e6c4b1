"""Gradient accumulation with exact sample weighting (uneven last group) plus activation checkpointing."""
import copy
from itertools import islice

import torch
import torch.nn.functional as F
from sklearn.datasets import make_friedman1
from sklearn.model_selection import train_test_split
from torch import nn
from torch.utils.checkpoint import checkpoint
from torch.utils.data import DataLoader, TensorDataset

MICRO, ACCUM, EPOCHS = 16, 4, 5


class DeepNet(nn.Module):
    def __init__(self, use_checkpoint):
        super().__init__()
        self.inp = nn.Linear(10, 48)
        self.blocks = nn.ModuleList(
            nn.Sequential(nn.LayerNorm(48), nn.Linear(48, 96), nn.GELU(), nn.Linear(96, 48)) for _ in range(3))
        self.out = nn.Linear(48, 1)
        self.use_checkpoint = use_checkpoint

    def forward(self, x):
        h = self.inp(x)
        for block in self.blocks:
            if self.use_checkpoint and self.training:
                h = h + checkpoint(block, h, use_reentrant=False)
            else:
                h = h + block(h)
        return self.out(h).squeeze(1)


def groups(loader, k):
    it = iter(loader)
    while chunk := list(islice(it, k)):
        yield chunk


def accumulate(model, group):
    """Leaves the gradient of the mean loss over all samples of the group, whatever the micro batch sizes."""
    n = sum(len(y) for _, y in group)
    total = 0.0
    for x, y in group:
        loss = F.mse_loss(model(x), y, reduction="sum") / n
        loss.backward()
        total += loss.item() * n
    return total, n


def main():
    torch.manual_seed(18)
    X, y = make_friedman1(1130, noise=0.5, random_state=18)
    X_tr, X_te, y_tr, y_te = train_test_split(X, y, test_size=0.2, random_state=18)
    ym, ys = y_tr.mean(), y_tr.std()
    f = lambda a: torch.tensor(a, dtype=torch.float32)
    x_tr, t_tr, x_te = f(X_tr), f((y_tr - ym) / ys), f(X_te)
    loader = DataLoader(TensorDataset(x_tr, t_tr), batch_size=MICRO, shuffle=True)

    model = DeepNet(use_checkpoint=True)
    # sanity check: accumulated + checkpointed gradient equals that of one big plain batch
    ref = copy.deepcopy(model)
    ref.use_checkpoint = False
    F.mse_loss(ref(x_tr[:50]), t_tr[:50]).backward()
    accumulate(model, [(x_tr[i : min(i + 16, 50)], t_tr[i : min(i + 16, 50)]) for i in range(0, 50, 16)])
    for a, b in zip(model.parameters(), ref.parameters()):
        torch.testing.assert_close(a.grad, b.grad, rtol=1e-4, atol=1e-5)

    opt = torch.optim.AdamW(model.parameters(), lr=3e-3)
    updates = -(-len(loader) // ACCUM) * EPOCHS
    sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, T_max=updates)
    for epoch in range(EPOCHS):
        model.train()
        se, count = 0.0, 0
        for group in groups(loader, ACCUM):
            opt.zero_grad()
            s, n = accumulate(model, group)
            nn.utils.clip_grad_norm_(model.parameters(), 5.0)
            opt.step()
            sched.step()
            se, count = se + s, count + n
        assert count == len(t_tr)
        print(f"epoch {epoch + 1:2d}: train mse {se / count:.4f}")
    model.eval()
    with torch.no_grad():
        pred = model(x_te).double().numpy() * ys + ym
    print(f"test rmse {((pred - y_te) ** 2).mean() ** 0.5:.3f} (target std {y_te.std():.3f})")


if __name__ == "__main__":
    main()
