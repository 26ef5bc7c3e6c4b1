from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@dataclass
class TrainConfig:
    d_in: int = 24
    n_latents: int = 64
    k: int = 4
    lambda_sparse: float = 0.05
    lr: float = 2e-3
    steps: int = 300
    batch_size: int = 128
    log_every: int = 100


class SparseAutoencoder(nn.Module):
    def __init__(self, cfg: TrainConfig):
        super().__init__()
        self.encoder = nn.Linear(cfg.d_in, cfg.n_latents)
        self.decoder = nn.Linear(cfg.n_latents, cfg.d_in)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        latents = F.relu(self.encoder(x))
        return self.decoder(latents), latents


class SaeTrainer:
    def __init__(self, cfg: TrainConfig):
        self.cfg = cfg
        self.gen = torch.Generator().manual_seed(100)
        self.features = F.normalize(torch.randn(48, cfg.d_in, generator=self.gen), dim=1)
        self.model = SparseAutoencoder(cfg)
        self.optim = torch.optim.Adam(self.model.parameters(), lr=cfg.lr)

    def sample(self, n: int) -> Tensor:
        active = torch.rand(n, 48, generator=self.gen) < self.cfg.k / 48
        return (active * torch.rand(n, 48, generator=self.gen)) @ self.features

    def compute_loss(self, x: Tensor) -> tuple[Tensor, dict[str, float]]:
        recon, latents = self.model(x)
        recon_loss = (recon - x).pow(2).sum(1).mean()
        sparsity_loss = latents.abs().sum(1).mean()
        loss = recon_loss + self.cfg.lambda_sparse * sparsity_loss
        logs = {
            "loss": loss.item(),
            "recon": recon_loss.item(),
            "sparsity": sparsity_loss.item(),
            "l0": (latents > 0).float().sum(1).mean().item(),
        }
        return recon_loss, logs

    def train(self) -> None:
        self.model.train()
        for step in range(1, self.cfg.steps + 1):
            loss, logs = self.compute_loss(self.sample(self.cfg.batch_size))
            self.optim.zero_grad()
            loss.backward()
            self.optim.step()
            if step % self.cfg.log_every == 0:
                print(step, " ".join(f"{k}={v:.3f}" for k, v in logs.items()))


if __name__ == "__main__":
    torch.manual_seed(0)
    SaeTrainer(TrainConfig()).train()
