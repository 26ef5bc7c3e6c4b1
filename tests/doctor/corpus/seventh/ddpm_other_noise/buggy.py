import math
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(6)


def two_moons(n):
    side = torch.randint(0, 2, (n,)).float()
    t = torch.rand(n) * math.pi
    x = torch.cos(t) * (1 - 2 * side) + side - 0.5
    y = torch.sin(t) * (1 - 2 * side) + 0.5 * side - 0.25
    return 1.4 * torch.stack([x, y], dim=1) + 0.05 * torch.randn(n, 2)


def extract(table, t):
    return table[t].unsqueeze(-1)


class Diffusion:
    def __init__(self, steps=50):
        self.steps = steps
        self.betas = torch.linspace(1e-3, 0.15, steps)
        self.alphas = 1.0 - self.betas
        self.alpha_bars = torch.cumprod(self.alphas, dim=0)

    def q_sample(self, x0, t, noise=None):
        if noise is None:
            noise = torch.randn_like(x0)
        a = extract(self.alpha_bars, t)
        return a.sqrt() * x0 + (1 - a).sqrt() * noise

    def p_losses(self, model, x0, t):
        noise = torch.randn_like(x0)
        x_noisy = self.q_sample(x0, t)
        predicted = model(x_noisy, t)
        return F.mse_loss(predicted, noise)

    @torch.no_grad()
    def sample(self, model, n):
        model.eval()
        x = torch.randn(n, 2)
        for i in reversed(range(self.steps)):
            t = torch.full((n,), i)
            eps = model(x, t)
            x = (x - self.betas[i] / (1 - self.alpha_bars[i]).sqrt() * eps) / self.alphas[i].sqrt()
            if i > 0:
                x = x + self.betas[i].sqrt() * torch.randn_like(x)
        return x


class NoiseNet(nn.Module):
    def __init__(self, steps, width=96):
        super().__init__()
        self.time = nn.Embedding(steps, 16)
        self.net = nn.Sequential(
            nn.Linear(2 + 16, width), nn.SiLU(),
            nn.Linear(width, width), nn.SiLU(),
            nn.Linear(width, 2),
        )

    def forward(self, x, t):
        return self.net(torch.cat([x, self.time(t)], dim=-1))


data = two_moons(4000)
diffusion = Diffusion()
model = NoiseNet(diffusion.steps)
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
running = 0.0
for it in range(1, 801):
    model.train()
    x0 = data[torch.randint(len(data), (128,))]
    t = torch.randint(diffusion.steps, (128,))
    loss = diffusion.p_losses(model, x0, t)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    running += loss.item()
    if it % 200 == 0:
        print(f"{it:4d} mean loss {running / 200:.3f}")
        running = 0.0

made = diffusion.sample(model, 500)
distance = torch.cdist(made, data).min(dim=1).values
print(f"spread of samples {made.std(dim=0).tolist()} data {data.std(dim=0).tolist()}")
print(f"mean distance of samples to the data {distance.mean():.3f}")
