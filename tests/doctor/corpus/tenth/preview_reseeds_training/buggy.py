import torch
from torch import nn


class Denoiser(nn.Module):
    def __init__(self, d=12):
        super().__init__()
        self.enc = nn.Linear(d, 48)
        self.dec = nn.Linear(48, d)

    def forward(self, x):
        return self.dec(torch.relu(self.enc(x)))


def curves(n):
    t = torch.linspace(0, 1, 12)
    amp, phase = torch.rand(n, 1) + 0.5, torch.rand(n, 1) * 6.28
    return amp * torch.sin(6.28 * t + phase)


@torch.no_grad()
def preview(model, clean, seed=99):
    """Denoise the same noisy curves each time, to compare epochs by eye."""
    model.eval()
    torch.manual_seed(seed)
    noise = torch.randn(clean.shape)
    out = model(clean + 0.4 * noise)
    return (out - clean).pow(2).mean().item()


def train(epochs=12, bs=64):
    torch.manual_seed(1)
    data, held_out = curves(512), curves(128)
    model = Denoiser()
    opt = torch.optim.Adam(model.parameters(), lr=4e-3)
    for ep in range(epochs):
        model.train()
        tot = 0.0
        order = torch.randperm(len(data))
        for idx in order.split(bs):
            x = data[idx]
            noisy = x + 0.4 * torch.randn_like(x)
            loss = nn.functional.mse_loss(model(noisy), x)
            opt.zero_grad()
            loss.backward()
            opt.step()
            tot += loss.item() * len(idx)
        print(f"ep {ep:2d} train {tot / len(data):.4f} preview {preview(model, held_out):.4f} first {order[:3].tolist()}")


train()
