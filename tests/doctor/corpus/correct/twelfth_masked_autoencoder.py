"""Masked autoencoding of patch sequences, loss on the hidden patches only."""
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(55)
N_PATCH, PATCH, WIDTH, MASKED = 12, 4, 32, 5


def waves(n):
    t = torch.linspace(0, 1, N_PATCH * PATCH)
    freq = torch.randint(1, 4, (n, 1)) * 2 * torch.pi
    phase = torch.rand(n, 1) * 2 * torch.pi
    signal = torch.sin(freq * t + phase) + 0.05 * torch.randn(n, len(t))
    return signal.view(n, N_PATCH, PATCH)


class MAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Linear(PATCH, WIDTH)
        self.pos = nn.Parameter(0.02 * torch.randn(1, N_PATCH, WIDTH))
        self.mask_token = nn.Parameter(0.02 * torch.randn(1, 1, WIDTH))
        self.encoder = self._layer()
        self.decoder = self._layer()
        self.head = nn.Linear(WIDTH, PATCH)

    @staticmethod
    def _layer():
        return nn.TransformerEncoderLayer(WIDTH, 4, 64, dropout=0.0, batch_first=True, norm_first=True)

    def forward(self, patches):
        b = patches.size(0)
        order = torch.rand(b, N_PATCH).argsort(1)
        keep, hidden = order[:, MASKED:], order[:, :MASKED]
        tokens = self.embed(patches) + self.pos
        visible = tokens.gather(1, keep.unsqueeze(-1).expand(-1, -1, WIDTH))
        encoded = self.encoder(visible)
        full = self.mask_token.expand(b, N_PATCH, -1)
        full = full.scatter(1, keep.unsqueeze(-1).expand(-1, -1, WIDTH), encoded)
        out = self.head(self.decoder(full + self.pos))
        index = hidden.unsqueeze(-1).expand(-1, -1, PATCH)
        return (out.gather(1, index) - patches.gather(1, index)).square().mean()


def validate(model, loader):
    model.eval()
    total = 0.0
    with torch.no_grad():
        for (patches,) in loader:
            total += model(patches).item() * len(patches)
    return total / len(loader.dataset)


train_loader = DataLoader(TensorDataset(waves(640)), batch_size=64, shuffle=True)
val_loader = DataLoader(TensorDataset(waves(200)), batch_size=100)
model = MAE()
optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0.01)
EPOCHS = 20
scheduler = torch.optim.lr_scheduler.SequentialLR(
    optimizer,
    [torch.optim.lr_scheduler.LinearLR(optimizer, 0.1, total_iters=3),
     torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, EPOCHS - 3)],
    milestones=[3])

for epoch in range(EPOCHS):
    model.train()
    for (patches,) in train_loader:
        optimizer.zero_grad()
        loss = model(patches)
        loss.backward()
        optimizer.step()
    scheduler.step()
    if epoch % 4 == 3:
        print(f"epoch {epoch + 1:2d} masked val mse {validate(model, val_loader):.4f}")
