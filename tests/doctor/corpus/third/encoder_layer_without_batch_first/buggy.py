from __future__ import annotations
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset


class MaxGap(Dataset):
    """Regress the largest jump of a short random walk."""

    def __init__(self, n: int, steps: int, seed: int) -> None:
        g = torch.Generator().manual_seed(seed)
        self.jumps = torch.randn(n, steps, generator=g)

    def __len__(self) -> int:
        return self.jumps.shape[0]

    def __getitem__(self, i: int) -> tuple[torch.Tensor, torch.Tensor]:
        return self.jumps[i].unsqueeze(-1), self.jumps[i].max()


class SetRegressor(nn.Module):
    def __init__(self, dim: int = 32, heads: int = 2) -> None:
        super().__init__()
        self.lift = nn.Linear(1, dim)
        self.encoder = nn.TransformerEncoderLayer(
            d_model=dim,
            nhead=heads,
            dim_feedforward=64,
            dropout=0.0,
        )
        self.token = nn.Parameter(0.02 * torch.randn(1, 1, dim))
        self.read = nn.Linear(dim, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h = self.lift(x)                                         # (B, T, E)
        h = torch.cat([self.token.expand(len(x), -1, -1), h], dim=1)
        return self.read(self.encoder(h)[:, 0]).squeeze(-1)


def run(epochs: int = 4) -> None:
    torch.manual_seed(0)
    train = DataLoader(MaxGap(2000, 9, seed=1), batch_size=64, shuffle=True)
    test = DataLoader(MaxGap(400, 9, seed=2), batch_size=100)
    model = SetRegressor()
    optim = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for epoch in range(epochs):
        model.train()
        for x, y in train:
            optim.zero_grad()
            nn.functional.mse_loss(model(x), y).backward()
            optim.step()
        model.eval()
        with torch.no_grad():
            sse = sum(((model(x) - y) ** 2).sum().item() for x, y in test)
        print(f"epoch {epoch}: test mse {sse / len(test.dataset):.4f}")


run()
