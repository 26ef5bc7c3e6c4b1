# %% [markdown]
# Kleiner Speicher, grosse Batches: Gradienten ueber vier Teil-Batches sammeln.

# %%
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(31)
MICRO, ACC = 16, 4

# %% Daten: Streifenmuster mit vier Richtungen
def stripes(n):
    angle = torch.randint(0, 4, (n,))
    theta = angle * torch.pi / 4
    yy, xx = torch.meshgrid(torch.arange(12.0), torch.arange(12.0), indexing="ij")
    wave = torch.cos(theta).view(-1, 1, 1) * xx + torch.sin(theta).view(-1, 1, 1) * yy
    phase = 6.28 * torch.rand(n, 1, 1)
    img = torch.sin(1.2 * wave + phase) + 0.8 * torch.randn(n, 12, 12)
    return TensorDataset(img.unsqueeze(1), angle)


train_loader = DataLoader(stripes(1024), batch_size=MICRO, shuffle=True)
val_loader = DataLoader(stripes(400), batch_size=100)
assert len(train_loader) % ACC == 0

# %% Modell
model = nn.Sequential(
    nn.Conv2d(1, 8, 5), nn.ReLU(), nn.MaxPool2d(2),
    nn.Conv2d(8, 16, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1),
    nn.Flatten(), nn.Linear(16, 4),
)
opt = torch.optim.Adam(model.parameters(), lr=5e-3)

# %% Training
for epoch in range(5):
    model.train()
    for i, (x, y) in enumerate(train_loader):
        if i % ACC == 0:
            opt.zero_grad()
        loss = F.cross_entropy(model(x), y) / ACC
        loss.backward()
        if (i + 1) % ACC == 0:
            opt.step()

    model.eval()
    richtig = 0
    with torch.no_grad():
        for x, y in val_loader:
            richtig += (model(x).argmax(1) == y).sum().item()
    print(f"Epoche {epoch + 1}: {richtig / len(val_loader.dataset):.3f}")
