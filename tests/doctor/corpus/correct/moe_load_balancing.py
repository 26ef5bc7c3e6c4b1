"""Sparse top-2 mixture of experts with a Switch-style load balancing loss (training objective only)."""
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class MoE(nn.Module):
    def __init__(self, dim, n_experts=4, k=2):
        super().__init__()
        self.k, self.n = k, n_experts
        self.gate = nn.Linear(dim, n_experts, bias=False)
        self.experts = nn.ModuleList(nn.Sequential(nn.Linear(dim, 32), nn.ReLU(), nn.Linear(32, dim)) for _ in range(n_experts))

    def forward(self, x):
        probs = self.gate(x).softmax(-1)
        weight, index = probs.topk(self.k, dim=-1)
        weight = weight / weight.sum(-1, keepdim=True)
        out = torch.zeros_like(x)
        for e, expert in enumerate(self.experts):
            rows, slot = torch.where(index == e)
            if rows.numel():
                out = out.index_add(0, rows, weight[rows, slot].unsqueeze(1) * expert(x[rows]))
        load = F.one_hot(index, self.n).float().sum(1).mean(0) / self.k  # fraction of assignments, no gradient
        balance = self.n * (load * probs.mean(0)).sum()
        return out, balance, load


class Net(nn.Module):
    def __init__(self, n_in=8, dim=24, n_out=3):
        super().__init__()
        self.inp, self.moe, self.out = nn.Linear(n_in, dim), MoE(dim), nn.Linear(dim, n_out)

    def forward(self, x):
        h = F.relu(self.inp(x))
        m, balance, load = self.moe(h)
        return self.out(h + m), balance, load


def synth(n, g):
    x = torch.randn(n, 8, generator=g)
    region = (x[:, 0] > 0).long() + 2 * (x[:, 1] > 0).long()
    score = torch.stack([x[:, 2], x[:, 3] * torch.where(region % 2 == 0, 1.0, -1.0), x[:, 4] * torch.where(region < 2, 1.0, -1.0)], 1)
    return TensorDataset(x, score.argmax(1))


@torch.no_grad()
def evaluate(model, loader):
    model.eval()
    ce, hits, n, load = 0.0, 0, 0, torch.zeros(4)
    for x, y in loader:
        logits, _, ld = model(x)
        ce += F.cross_entropy(logits, y, reduction="sum").item()
        hits += (logits.argmax(1) == y).sum().item()
        load += ld * len(y)
        n += len(y)
    return ce / n, hits / n, (load / n).tolist()


if __name__ == "__main__":
    torch.manual_seed(36)
    g = torch.Generator().manual_seed(36)
    train, val, test = synth(3000, g), synth(600, g), synth(600, g)
    train_dl = DataLoader(train, 100, shuffle=True)
    val_dl, test_dl = DataLoader(val, 300), DataLoader(test, 300)
    model = Net()
    opt = torch.optim.Adam(model.parameters(), lr=4e-3)
    best, state = float("inf"), None
    for epoch in range(12):
        model.train()
        for x, y in train_dl:
            logits, balance, _ = model(x)
            loss = F.cross_entropy(logits, y) + 0.01 * balance
            opt.zero_grad()
            loss.backward()
            opt.step()
        ce, acc, load = evaluate(model, val_dl)
        if ce < best:
            best, state = ce, {k: v.clone() for k, v in model.state_dict().items()}
        if epoch % 4 == 3:
            print(f"epoch {epoch + 1}: val ce {ce:.3f} acc {acc:.3f} load {[round(v, 2) for v in load]}")
    model.load_state_dict(state)
    ce, acc, load = evaluate(model, test_dl)
    print(f"test ce {ce:.3f} acc {acc:.3f} load {[round(v, 2) for v in load]}")
