import torch
import torch.nn as nn
import torch.nn.functional as F


class RoundSTE(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, low, high):
        ctx.save_for_backward(x)
        ctx.low, ctx.high = low, high
        return x.clamp(low, high).round()

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        inside = (x >= ctx.low) & (x <= ctx.high)
        return grad * inside.to(grad.dtype), None, None


class QuantLinear(nn.Linear):
    """Linear layer with weights rounded to a few levels; the float weights are trained."""

    def __init__(self, i, o, bits=4):
        super().__init__(i, o)
        self.levels = 2 ** (bits - 1) - 1

    def forward(self, x):
        scale = self.weight.detach().abs().amax() / self.levels
        w = RoundSTE.apply(self.weight / scale, -self.levels, self.levels) * scale
        return F.linear(x, w, self.bias)


class VectorQuantizer(nn.Module):
    def __init__(self, n, d, beta=0.25):
        super().__init__()
        self.codes = nn.Embedding(n, d)
        self.codes.weight.data.uniform_(-1 / n, 1 / n)
        self.beta = beta

    def forward(self, z):
        index = torch.cdist(z.detach(), self.codes.weight.detach()).argmin(dim=1)
        q = self.codes(index)
        loss = F.mse_loss(q, z.detach()) + self.beta * F.mse_loss(z, q.detach())
        return z + (q - z).detach(), loss, index


class Auto(nn.Module):
    def __init__(self):
        super().__init__()
        self.enc = nn.Sequential(QuantLinear(8, 32), nn.ReLU(), QuantLinear(32, 4))
        self.vq = VectorQuantizer(16, 4)
        self.dec = nn.Sequential(QuantLinear(4, 32), nn.ReLU(), QuantLinear(32, 8))

    def forward(self, x):
        q, vq_loss, index = self.vq(self.enc(x))
        return self.dec(q), vq_loss, index


torch.manual_seed(6)
centers = torch.randn(6, 8)
data = centers[torch.randint(0, 6, (512,))] + 0.1 * torch.randn(512, 8)
model = Auto()
opt = torch.optim.Adam(model.parameters(), lr=3e-3)
for epoch in range(4):
    for idx in torch.randperm(len(data)).split(64):
        x = data[idx]
        recon, vq_loss, codes = model(x)
        loss = F.mse_loss(recon, x) + vq_loss
        opt.zero_grad()
        loss.backward()
        opt.step()
    print(f"epoch {epoch}: loss {loss.item():.4f}, codes in use {codes.unique().numel()}")
