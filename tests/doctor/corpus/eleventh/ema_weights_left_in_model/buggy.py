import torch
import torch.nn as nn
import torch.nn.functional as F


class EMA:
    def __init__(self, model, decay=0.99):
        self.decay = decay
        self.shadow = {k: v.detach().clone() for k, v in model.named_parameters()}
        self.backup = {}

    @torch.no_grad()
    def update(self, model):
        for k, v in model.named_parameters():
            self.shadow[k].lerp_(v, 1 - self.decay)

    @torch.no_grad()
    def apply(self, model):
        for k, v in model.named_parameters():
            self.backup[k] = v.detach().clone()
            v.copy_(self.shadow[k])

    @torch.no_grad()
    def restore(self, model):
        for k, v in model.named_parameters():
            v.copy_(self.backup[k])
        self.backup = {}


class ScoreNet(nn.Module):
    def __init__(self, dim=2, width=64):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(dim + 1, width), nn.SiLU(), nn.Linear(width, width), nn.SiLU(), nn.Linear(width, dim))

    def forward(self, x, t):
        return self.body(torch.cat([x, t], dim=1))


def diffusion_loss(model, x0, generator=None):
    t = torch.rand(len(x0), 1, generator=generator)
    eps = torch.randn(x0.shape, generator=generator)
    x_t = torch.cos(t * torch.pi / 2) * x0 + torch.sin(t * torch.pi / 2) * eps
    return F.mse_loss(model(x_t, t), eps)


def spiral(n):
    r = torch.rand(n).sqrt() * 3
    return torch.stack([r * torch.cos(3 * r), r * torch.sin(3 * r)], 1) / 2


torch.manual_seed(40)
train_x, val_x = spiral(3000), spiral(500)
net = ScoreNet()
ema = EMA(net)
optimizer = torch.optim.AdamW(net.parameters(), lr=2e-3)
for step in range(1, 601):
    net.train()
    batch = train_x[torch.randint(0, len(train_x), (128,))]
    loss = diffusion_loss(net, batch)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    ema.update(net)
    if step % 50 == 0:
        net.eval()
        ema.apply(net)
        with torch.no_grad():
            val = diffusion_loss(net, val_x, torch.Generator().manual_seed(0))
        if step % 200 == 0:
            print(f"step {step}: train {loss.item():.4f}  val(ema) {val.item():.4f}")
