import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(17)


class TopKMoE(nn.Module):
    """Mixture of experts with top-k routing and the Switch load-balancing term."""

    def __init__(self, dim, n_experts=4, k=2, hidden=32):
        super().__init__()
        self.k, self.n_experts = k, n_experts
        self.router = nn.Linear(dim, n_experts, bias=False)
        self.experts = nn.ModuleList(
            nn.Sequential(nn.Linear(dim, hidden), nn.SiLU(), nn.Linear(hidden, dim)) for _ in range(n_experts)
        )

    def forward(self, x):
        probs = self.router(x).softmax(dim=-1)
        gate, chosen = probs.topk(self.k, dim=-1)
        gate = gate / gate.sum(dim=-1, keepdim=True)
        out = torch.zeros_like(x)
        for e, expert in enumerate(self.experts):
            row, slot = (chosen == e).nonzero(as_tuple=True)
            if row.numel() > 0:
                out = out.index_add(0, row, gate[row, slot].unsqueeze(1) * expert(x[row]))
        load = F.one_hot(chosen, self.n_experts).float().mean(dim=(0, 1))
        importance = probs.mean(dim=0)
        balance = self.n_experts * (load * importance).sum()
        return out, balance, load


class Net(nn.Module):
    def __init__(self, n_in, dim=24):
        super().__init__()
        self.inp = nn.Linear(n_in, dim)
        self.norm = nn.LayerNorm(dim)
        self.moe = TopKMoE(dim)
        self.out = nn.Linear(dim, 1)

    def forward(self, x):
        h = self.inp(x)
        mixed, balance, load = self.moe(self.norm(h))
        return self.out(h + mixed).squeeze(-1), balance, load


# piecewise target: a different function in each quadrant of (x0, x1)
x = torch.empty(2400, 6).uniform_(-2, 2)
pieces = torch.stack([x[:, 2] * x[:, 3], x[:, 4].sin(), x[:, 5] ** 2 - 1, x[:, 2] - x[:, 4]], dim=1)
quadrant = (x[:, 0] > 0).long() * 2 + (x[:, 1] > 0).long()
y = pieces.gather(1, quadrant.unsqueeze(1)).squeeze(1)
x_tr, y_tr, x_te, y_te = x[:2000], y[:2000], x[2000:], y[2000:]

net = Net(6)
opt = torch.optim.AdamW(net.parameters(), lr=4e-3, weight_decay=1e-3)
for epoch in range(12):
    sums = [0.0, 0.0]
    for idx in torch.randperm(len(x_tr)).split(100):
        pred, balance, _ = net(x_tr[idx])
        mse = F.mse_loss(pred, y_tr[idx])
        opt.zero_grad()
        (mse + 0.01 * balance).backward()
        opt.step()
        sums[0] += mse.item() * len(idx)
        sums[1] += balance.item() * len(idx)
    if epoch % 4 == 3:
        print(f"epoch {epoch + 1}: mse {sums[0] / len(x_tr):.4f} balance {sums[1] / len(x_tr):.3f}")

with torch.no_grad():
    pred, _, load = net(x_te)
    print(f"test mse {F.mse_loss(pred, y_te).item():.4f} (variance {y_te.var().item():.3f})")
    print("expert load", [round(v, 2) for v in load.tolist()])
