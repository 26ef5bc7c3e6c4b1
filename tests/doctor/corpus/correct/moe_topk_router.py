"""Mixture of experts with top-2 routing, index_add dispatch, Switch-style balance loss and router z-loss."""
import torch
import torch.nn as nn
import torch.nn.functional as F


class Expert(nn.Sequential):
    def __init__(self, d, h):
        super().__init__(nn.Linear(d, h), nn.GELU(), nn.Linear(h, d))


class MoE(nn.Module):
    def __init__(self, d, h, experts=4, k=2):
        super().__init__()
        self.router = nn.Linear(d, experts, bias=False)
        self.experts = nn.ModuleList(Expert(d, h) for _ in range(experts))
        self.k = k
        self.aux = {}

    def forward(self, x):
        logits = self.router(x)
        prob = logits.softmax(-1)
        top, idx = prob.topk(self.k, -1)
        gate = top / top.sum(-1, keepdim=True)
        out = torch.zeros_like(x)
        for e, expert in enumerate(self.experts):
            rows, slot = (idx == e).nonzero(as_tuple=True)
            if rows.numel() == 0:
                continue  # an expert without tokens simply gets no gradient this time
            out.index_add_(0, rows, gate[rows, slot].unsqueeze(1) * expert(x[rows]))
        # fraction of tokens (no gradient) times mean probability (gradient), times number of experts
        frac = F.one_hot(idx[:, 0], len(self.experts)).float().mean(0)
        self.aux = {
            "balance": len(self.experts) * (frac * prob.mean(0)).sum(),
            "z": logits.logsumexp(-1).square().mean(),
            "load": frac.detach(),
        }
        return out


class Net(nn.Module):
    def __init__(self, d=8, w=32):
        super().__init__()
        self.stem = nn.Linear(d, w)
        self.n1, self.moe1 = nn.LayerNorm(w), MoE(w, 48)
        self.n2, self.moe2 = nn.LayerNorm(w), MoE(w, 48)
        self.head = nn.Linear(w, 1)

    def forward(self, x):
        h = self.stem(x)
        h = h + self.moe1(self.n1(h))
        h = h + self.moe2(self.n2(h))
        return self.head(h).squeeze(-1)

    def aux_loss(self, w_bal=1e-2, w_z=1e-3):
        return sum(w_bal * m.aux["balance"] + w_z * m.aux["z"] for m in (self.moe1, self.moe2))


def piecewise(n, seed):
    g = torch.Generator().manual_seed(seed)
    x = torch.randn(n, 8, generator=g)
    region = (x[:, 0] > 0).long() * 2 + (x[:, 1] > 0).long()
    w = torch.randn(4, 8, generator=torch.Generator().manual_seed(7))
    y = (x * w[region]).sum(1) + 0.1 * torch.randn(n, generator=g)
    return x, y


@torch.no_grad()
def mse(net, x, y, unit):
    net.eval()
    total = sum((net(a) - b).square().sum().item() for a, b in zip(x.split(256), y.split(256)))
    net.train()
    return unit ** 2 * total / len(x)


def main(epochs=8):
    torch.manual_seed(0)
    (xt, yt), (xv, yv) = piecewise(2000, 1), piecewise(500, 2)
    m, s = yt.mean(), yt.std()
    yt, yv = (yt - m) / s, (yv - m) / s
    net = Net()
    opt = torch.optim.AdamW(net.parameters(), lr=3e-3, weight_decay=1e-3)
    sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, T_max=epochs)
    print(f"constant prediction {mse(Constant(0.0), xv, yv, s.item()):.3f}")
    for epoch in range(epochs):
        load = torch.zeros(4)
        for rows in torch.randperm(len(xt)).split(100):
            loss = F.mse_loss(net(xt[rows]), yt[rows]) + net.aux_loss()
            opt.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            opt.step()
            load += net.moe1.aux["load"] / 20
        sched.step()
        print(f"epoch {epoch} val mse {mse(net, xv, yv, s.item()):.3f} first layer load {[round(v, 2) for v in load.tolist()]}")


class Constant(nn.Module):
    """Predicts a constant: the reference that any model has to beat."""

    def __init__(self, c):
        super().__init__()
        self.c = c

    def forward(self, x):
        return x.new_full((len(x),), self.c)


if __name__ == "__main__":
    main()
