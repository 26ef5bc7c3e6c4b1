import torch
import torch.nn as nn
import torch.nn.functional as F


class Denoiser(nn.Module):
    def __init__(self, timesteps):
        super().__init__()
        self.emb = nn.Embedding(timesteps, 32)
        self.net = nn.Sequential(nn.Linear(2 + 32, 96), nn.SiLU(), nn.Linear(96, 96), nn.SiLU(), nn.Linear(96, 2))

    def forward(self, x, t):
        return self.net(torch.cat([x, self.emb(t)], dim=-1))


class GaussianDiffusion(nn.Module):
    def __init__(self, model, timesteps=60):
        super().__init__()
        self.model, self.timesteps = model, timesteps
        betas = torch.linspace(1e-3, 0.2, timesteps)
        alphas = 1.0 - betas
        abar = torch.cumprod(alphas, dim=0)
        abar_prev = F.pad(abar[:-1], (1, 0), value=1.0)
        self.register_buffer("abar", abar)
        self.register_buffer("posterior_variance", betas * (1 - abar_prev) / (1 - abar))
        self.register_buffer("coef_x0", betas * abar_prev.sqrt() / (1 - abar))
        self.register_buffer("coef_xt", (1 - abar_prev) * alphas.sqrt() / (1 - abar))

    def loss(self, x0):
        t = torch.randint(0, self.timesteps, (len(x0),))
        noise = torch.randn_like(x0)
        a = self.abar[t].unsqueeze(1)
        x_t = a.sqrt() * x0 + (1 - a).sqrt() * noise
        return F.mse_loss(self.model(x_t, t), noise)

    @torch.no_grad()
    def sample(self, n):
        x = torch.randn(n, 2)
        for i in reversed(range(self.timesteps)):
            t = torch.full((n,), i)
            eps = self.model(x, t)
            x0 = (x - (1 - self.abar[i]).sqrt() * eps) / self.abar[i].sqrt()
            x0 = x0.clamp(-2, 2)
            mean = self.coef_x0[i] * x0 + self.coef_xt[i] * x
            noise = torch.randn_like(x) if i > 0 else torch.zeros_like(x)
            x = mean + self.posterior_variance[i].sqrt() * noise
        return x


torch.manual_seed(12)
centers = torch.tensor([[1.0, 1.0], [-1.0, 1.0], [1.0, -1.0], [-1.0, -1.0]])
data = centers[torch.randint(0, 4, (4000,))] + 0.1 * torch.randn(4000, 2)
diffusion = GaussianDiffusion(Denoiser(60))
opt = torch.optim.Adam(diffusion.parameters(), lr=2e-3)
for it in range(1000):
    loss = diffusion.loss(data[torch.randint(0, len(data), (256,))])
    opt.zero_grad()
    loss.backward()
    opt.step()
diffusion.eval()
samples = diffusion.sample(1000)
print("loss", loss.item())
print("distance to nearest center", torch.cdist(samples, centers).min(dim=1).values.mean().item())
