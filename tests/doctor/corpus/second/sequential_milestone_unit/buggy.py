import torch
from dataclasses import dataclass
from torch import nn
from torch.optim.lr_scheduler import CosineAnnealingLR, LinearLR, SequentialLR
from torch.utils.data import DataLoader, TensorDataset


@dataclass
class Plan:
    epochs: int = 10
    warmup_epochs: int = 3
    lr: float = 3e-3
    batch_size: int = 32


def make_schedule(opt, plan, per_epoch):
    warm = plan.warmup_epochs * per_epoch
    total = plan.epochs * per_epoch
    ramp = LinearLR(opt, start_factor=0.01, total_iters=warm)
    decay = CosineAnnealingLR(opt, T_max=total - warm)
    return SequentialLR(opt, [ramp, decay], milestones=[plan.warmup_epochs])


class SelfAttentionPool(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.proj = nn.Linear(6, d)
        self.attn = nn.MultiheadAttention(d, 4, batch_first=True)
        self.out = nn.Linear(d, 2)

    def forward(self, x):
        h = self.proj(x)
        h = h + self.attn(h, h, h, need_weights=False)[0]
        return self.out(h.mean(1))


if __name__ == "__main__":
    torch.manual_seed(23)
    plan = Plan()
    x = torch.randn(600, 7, 6)
    y = (x[:, :, 0].max(1).values > 1.35).long()
    loader = DataLoader(TensorDataset(x[:480], y[:480]), batch_size=plan.batch_size, shuffle=True)
    model = SelfAttentionPool(32)
    opt = torch.optim.AdamW(model.parameters(), lr=plan.lr)
    sched = make_schedule(opt, plan, len(loader))
    rates = []
    for epoch in range(plan.epochs):
        model.train()
        for xb, yb in loader:
            opt.zero_grad()
            nn.functional.cross_entropy(model(xb), yb).backward()
            opt.step()
            rates.append(opt.param_groups[0]["lr"])
            sched.step()
    model.eval()
    with torch.no_grad():
        acc = (model(x[480:]).argmax(1) == y[480:]).float().mean().item()
    print("rates", [f"{r:.1e}" for r in rates[::15]], "acc", round(acc, 3))
