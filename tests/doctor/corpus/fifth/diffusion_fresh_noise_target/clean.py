# %% [markdown]
# DDPM auf zwei Halbmonden

# %%
import torch
import torch.nn as nn
from sklearn.datasets import make_moons

torch.manual_seed(0)
T = 100
X = torch.tensor(make_moons(2000, noise=0.05, random_state=0)[0], dtype=torch.float32)
X = (X - X.mean(0)) / X.std(0)

# %%
beta = torch.linspace(1e-4, 0.08, T)
alpha = 1 - beta
abar = torch.cumprod(alpha, 0)


def q_sample(x0, t, noise=None):
    """Vorwärtsprozess: x_t aus x_0 in einem Schritt."""
    if noise is None:
        noise = torch.randn_like(x0)
    a = abar[t].unsqueeze(1)
    return a.sqrt() * x0 + (1 - a).sqrt() * noise


# %%
class Denoiser(nn.Module):
    def __init__(self, width=96):
        super().__init__()
        self.time = nn.Embedding(T, width)
        self.inp = nn.Linear(2, width)
        self.mid = nn.Sequential(nn.SiLU(), nn.Linear(width, width), nn.SiLU(), nn.Linear(width, 2))

    def forward(self, x, t):
        return self.mid(self.inp(x) + self.time(t))


def p_losses(model, x0, t):
    noise = torch.randn_like(x0)
    x_t = q_sample(x0, t, noise)
    return nn.functional.mse_loss(model(x_t, t), noise)


# %%
model = Denoiser()
opt = torch.optim.Adam(model.parameters(), lr=2e-3)
for epoch in range(12):
    summe = 0.0
    for idx in torch.randperm(len(X)).split(100):
        t = torch.randint(0, T, (len(idx),))
        loss = p_losses(model, X[idx], t)
        opt.zero_grad()
        loss.backward()
        opt.step()
        summe += loss.item() * len(idx)
    print(f"Epoche {epoch:2d}  Verlust {summe / len(X):.4f}")

# %%
model.eval()
with torch.no_grad():
    x = torch.randn(500, 2)
    for k in reversed(range(T)):
        t = torch.full((500,), k)
        mean = (x - beta[k] / (1 - abar[k]).sqrt() * model(x, t)) / alpha[k].sqrt()
        x = mean + beta[k].sqrt() * torch.randn_like(x) if k > 0 else mean
    abstand = torch.cdist(x, X).min(1).values.mean().item()
print("mittlerer Abstand zum nächsten Datenpunkt:", abstand)
