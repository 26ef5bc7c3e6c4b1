import torch
from torch import nn
from torch.nn import functional as F


class DuelingQ(nn.Module):
    def __init__(self, obs: int, actions: int, width: int = 48):
        super().__init__()
        self.features = nn.Sequential(nn.Linear(obs, width), nn.ReLU())
        self.value = nn.Linear(width, 1)
        self.advantage = nn.Linear(width, actions)

    def forward(self, s):
        h = self.features(s)
        v, a = self.value(h), self.advantage(h)
        return v + a - a.mean()


class LogData:
    """Logged transitions of a stock-keeping task: state (stock, demand level), action = order size."""

    def __init__(self, n, seed):
        g = torch.Generator().manual_seed(seed)
        self.s = torch.rand(n, 2, generator=g)
        self.a = torch.randint(0, 4, (n,), generator=g)
        after = (self.s[:, 0] + 0.2 * self.a).clamp(max=1.0)
        sold = torch.minimum(after, 0.6 * self.s[:, 1] + 0.2 * torch.rand(n, generator=g))
        self.r = 2 * sold - 0.1 * self.a - 0.3 * after
        demand = (self.s[:, 1] + 0.1 * torch.randn(n, generator=g)).clamp(0, 1)
        self.s2 = torch.stack([after - sold, demand], 1)

    def minibatch(self, k):
        i = torch.randint(0, len(self.a), (k,))
        return self.s[i], self.a[i], self.r[i], self.s2[i]


def fitted_q(data, steps=500, gamma=0.8, tau=0.02):
    q, target = DuelingQ(2, 4), DuelingQ(2, 4)
    target.load_state_dict(q.state_dict())
    target.requires_grad_(False)
    opt = torch.optim.Adam(q.parameters(), lr=2e-3)
    for _ in range(steps):
        s, a, r, s2 = data.minibatch(64)
        with torch.no_grad():
            y = r + gamma * target(s2).max(1).values
        loss = F.mse_loss(q(s).gather(1, a[:, None]).squeeze(1), y)
        opt.zero_grad()
        loss.backward()
        opt.step()
        with torch.no_grad():
            for p, pt in zip(q.parameters(), target.parameters()):
                pt.mul_(1 - tau).add_(p, alpha=tau)
    return q, loss.item()


if __name__ == "__main__":
    torch.manual_seed(26)
    q, loss = fitted_q(LogData(4000, 0))
    low_stock = torch.tensor([[0.0, 0.9]])
    with torch.no_grad():
        alone = q(low_stock)[0]
        among = q(torch.cat([low_stock, torch.rand(63, 2)]))[0]
    print(f"td loss {loss:.4f}")
    print("order sizes, value:", [round(v, 3) for v in alone.tolist()], [round(v, 3) for v in among.tolist()])
