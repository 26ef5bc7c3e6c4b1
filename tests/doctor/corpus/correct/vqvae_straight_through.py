"""VQ-VAE for short 1-D signals. The codebook is learned by the loss of the original paper."""
import torch
from torch import Tensor, nn
import torch.nn.functional as F


class Quantizer(nn.Module):
    def __init__(self, n_codes: int, dim: int, commitment: float = 0.25) -> None:
        super().__init__()
        self.codebook = nn.Embedding(n_codes, dim)
        nn.init.uniform_(self.codebook.weight, -1.0 / n_codes, 1.0 / n_codes)
        self.commitment = commitment

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        b, c, t = z.shape
        flat = z.permute(0, 2, 1).reshape(-1, c)
        with torch.no_grad():
            idx = torch.cdist(flat, self.codebook.weight).argmin(1)
        q = self.codebook(idx).view(b, t, c).permute(0, 2, 1)
        loss = F.mse_loss(q, z.detach()) + self.commitment * F.mse_loss(z, q.detach())
        q = z + (q - z).detach()  # copies the gradient of q to z
        return q, loss, idx.view(b, t)


class VQVAE(nn.Module):
    def __init__(self, codes: int = 32, dim: int = 8) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv1d(1, 16, 4, stride=2, padding=1), nn.ReLU(), nn.Conv1d(16, dim, 4, stride=2, padding=1)
        )
        self.quant = Quantizer(codes, dim)
        self.decoder = nn.Sequential(
            nn.ConvTranspose1d(dim, 16, 4, stride=2, padding=1), nn.ReLU(), nn.ConvTranspose1d(16, 1, 4, stride=2, padding=1)
        )

    def forward(self, x: Tensor):
        q, vq_loss, idx = self.quant(self.encoder(x))
        return self.decoder(q), vq_loss, idx


def signals(n: int, g: torch.Generator) -> Tensor:
    t = torch.linspace(0, 1, 32)
    f = torch.randint(1, 5, (n, 1), generator=g)
    phase = torch.rand(n, 1, generator=g) * 6.2832
    return torch.sin(6.2832 * f * t + phase).unsqueeze(1)


def main() -> None:
    torch.manual_seed(1)
    g = torch.Generator().manual_seed(2)
    train, test = signals(1024, g), signals(256, g)
    net = VQVAE()
    opt = torch.optim.Adam(net.parameters(), lr=3e-3)
    for epoch in range(1, 16):
        net.train()
        perm = torch.randperm(len(train))
        total = 0.0
        for idx in perm.split(64):
            x = train[idx]
            rec, vq, _ = net(x)
            loss = F.mse_loss(rec, x) + vq
            opt.zero_grad()
            loss.backward()
            opt.step()
            total += loss.item() * len(idx)
        if epoch % 5 == 0:
            print(f"epoch {epoch}: train loss {total / len(train):.4f}")
    net.eval()
    with torch.inference_mode():
        rec, _, codes = net(test)
        print(f"test mse {F.mse_loss(rec, test):.4f}, codes in use {codes.unique().numel()}")


if __name__ == "__main__":
    main()
