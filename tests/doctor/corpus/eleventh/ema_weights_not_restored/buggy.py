import torch
import torch.nn as nn


class EMA:
    def __init__(self, model, decay=0.995):
        self.decay = decay
        self.shadow = {n: p.detach().clone() for n, p in model.named_parameters()}
        self.backup = {}

    @torch.no_grad()
    def update(self, model):
        for n, p in model.named_parameters():
            self.shadow[n].mul_(self.decay).add_(p, alpha=1 - self.decay)

    @torch.no_grad()
    def store(self, model):
        self.backup = {n: p.clone() for n, p in model.named_parameters()}

    @torch.no_grad()
    def copy_to(self, model):
        for n, p in model.named_parameters():
            p.copy_(self.shadow[n])

    @torch.no_grad()
    def restore(self, model):
        for n, p in model.named_parameters():
            p.copy_(self.backup[n])


class Diffuser(nn.Module):
    """denoiser for a 1-d mixture, conditioned on the noise level"""

    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(2, 64), nn.SiLU(), nn.Linear(64, 64), nn.SiLU(), nn.Linear(64, 1))

    def forward(self, x, sigma):
        return self.net(torch.cat([x / (1 + sigma**2).sqrt(), sigma.log()], dim=1))


def denoising_loss(model, x0, sigma, eps):
    return ((model(x0 + sigma * eps, sigma) - eps) ** 2).mean()


def validate(model, ema, batch):
    model.eval()
    ema.store(model)
    ema.copy_to(model)
    with torch.no_grad():
        loss = denoising_loss(model, *batch).item()
    model.train()
    return loss


def draw(n):
    x0 = torch.randint(0, 2, (n, 1)) * 4.0 - 2 + 0.2 * torch.randn(n, 1)
    sigma = torch.exp(torch.randn(n, 1) * 1.2 - 0.5)
    return x0, sigma, torch.randn(n, 1)


torch.manual_seed(10)
model = Diffuser()
ema = EMA(model)
opt = torch.optim.Adam(model.parameters(), lr=2e-3)
val_batch = draw(1000)

for step in range(1, 601):
    loss = denoising_loss(model, *draw(128))
    opt.zero_grad()
    loss.backward()
    opt.step()
    ema.update(model)
    if step % 50 == 0:
        val = validate(model, ema, val_batch)
        if step % 200 == 0:
            print(f"step {step}: train {loss.item():.4f} val (ema) {val:.4f}")
