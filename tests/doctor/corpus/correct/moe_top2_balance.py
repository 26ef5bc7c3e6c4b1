import torch
from torch import nn
from torch.nn import functional as F


class Expert(nn.Module):
    def __init__(self, d, hidden):
        super().__init__()
        self.w1 = nn.Linear(d, hidden)
        self.w2 = nn.Linear(hidden, d)

    def forward(self, x):
        return self.w2(F.silu(self.w1(x)))


class SparseMoE(nn.Module):
    def __init__(self, d, hidden, n_experts, k):
        super().__init__()
        self.router = nn.Linear(d, n_experts, bias=False)
        self.experts = nn.ModuleList(Expert(d, hidden) for _ in range(n_experts))
        self.k = k

    def forward(self, x):
        logits = self.router(x)
        probs = logits.softmax(dim=-1)
        weights, chosen = probs.topk(self.k, dim=-1)
        weights = weights / weights.sum(dim=-1, keepdim=True)
        out = torch.zeros_like(x)
        for e, expert in enumerate(self.experts):
            rows, slot = torch.where(chosen == e)
            if rows.numel() == 0:
                continue
            out = out.index_add(0, rows, expert(x[rows]) * weights[rows, slot, None])
        n = len(self.experts)
        load = F.one_hot(chosen, n).float().sum(dim=1).mean(dim=0) / self.k
        importance = probs.mean(dim=0)
        balance = n * torch.sum(load * importance)
        z_loss = torch.logsumexp(logits, dim=-1).pow(2).mean()
        return out, balance, z_loss


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.inp = nn.Linear(6, 24)
        self.moe = SparseMoE(24, 48, n_experts=4, k=2)
        self.norm = nn.LayerNorm(24)
        self.out = nn.Linear(24, 1)

    def forward(self, x):
        h = self.inp(x)
        y, balance, z = self.moe(self.norm(h))
        return self.out(h + y).squeeze(-1), balance, z


def piecewise(x):
    a = x[:, 0] * x[:, 1]
    b = torch.sin(3 * x[:, 2])
    return torch.where(x[:, 5] > 0, a, b)


def run():
    torch.manual_seed(21)
    x = torch.rand(1024, 6) * 2 - 1
    y = piecewise(x)
    tr, va = slice(0, 800), slice(800, None)
    model = Model()
    opt = torch.optim.AdamW(model.parameters(), lr=4e-3, weight_decay=0.01)
    for epoch in range(4):
        model.train()
        for idx in torch.randperm(800).split(80):
            pred, balance, z = model(x[tr][idx])
            loss = F.mse_loss(pred, y[tr][idx]) + 0.01 * balance + 1e-3 * z
            opt.zero_grad()
            loss.backward()
            opt.step()
        model.eval()
        with torch.no_grad():
            mse = F.mse_loss(model(x[va])[0], y[va])
        print(f"{epoch} val mse {mse:.4f} balance {balance.item():.3f}")


if __name__ == "__main__":
    run()
