"""조건부 확산 모델 (classifier-free guidance), 2차원 장난감 데이터"""
import torch
import torch.nn as nn

N_CLASS, T, P_DROP = 3, 50, 0.15
NULL = N_CLASS  # 마지막 임베딩은 "조건 없음"

torch.manual_seed(2024)
beta = torch.linspace(1e-3, 0.2, T)
alpha = 1 - beta
alpha_bar = alpha.cumprod(0)


class CondEps(nn.Module):
    def __init__(self, h=96):
        super().__init__()
        self.t_emb = nn.Embedding(T, 24)
        self.y_emb = nn.Embedding(N_CLASS + 1, 24)
        self.mlp = nn.Sequential(nn.Linear(2 + 48, h), nn.GELU(), nn.Linear(h, h), nn.GELU(), nn.Linear(h, 2))

    def forward(self, x, t, y):
        return self.mlp(torch.cat([x, self.t_emb(t), self.y_emb(y)], -1))


def get_batch(n):
    y = torch.randint(0, N_CLASS, (n,))
    ang = y * 2 * torch.pi / N_CLASS
    return torch.stack([ang.cos(), ang.sin()], -1) + 0.4 * torch.randn(n, 2), y


@torch.no_grad()
def sample(model, y, w):
    x = torch.randn(len(y), 2)
    for i in range(T - 1, -1, -1):
        t = torch.full_like(y, i)
        eps_c = model(x, t, y)
        eps_u = model(x, t, torch.full_like(y, NULL))
        eps = eps_u + w * (eps_c - eps_u)
        x = (x - beta[i] / (1 - alpha_bar[i]).sqrt() * eps) / alpha[i].sqrt()
        if i > 0:
            x = x + beta[i].sqrt() * torch.randn_like(x)
    return x


model = CondEps()
opt = torch.optim.Adam(model.parameters(), lr=2e-3)
for it in range(600):
    x0, y = get_batch(256)
    drop = torch.rand(len(y)) < P_DROP
    y_in = torch.where(drop, torch.full_like(y, NULL), y)
    t = torch.randint(0, T, (len(y),))
    eps = torch.randn_like(x0)
    ab = alpha_bar[t][:, None]
    pred = model(ab.sqrt() * x0 + (1 - ab).sqrt() * eps, t, y_in)
    loss = (pred - eps).square().mean()
    opt.zero_grad()
    loss.backward()
    opt.step()

model.eval()
labels = torch.arange(N_CLASS).repeat_interleave(200)
for w in (1.0, 3.0):
    xs = sample(model, labels, w)
    spread = torch.stack([xs[labels == k].std(0).mean() for k in range(N_CLASS)]).mean()
    print(f"guidance {w}: loss {loss.item():.3f}, spread inside a class {spread.item():.3f}")
