import numpy as np
import torch
import torch.nn as nn

SEED = 21
rng = np.random.default_rng(SEED)
torch.manual_seed(SEED)


def sensor_rows(n):
    """Twelve sensors driven by three hidden causes."""
    causes = rng.normal(size=(n, 3))
    gains = np.linspace(-1.5, 1.5, 36).reshape(3, 12)
    rows = np.tanh(causes @ gains) + 0.05 * rng.normal(size=(n, 12))
    return rows.astype(np.float32)


train_np, calm_np = sensor_rows(1500), sensor_rows(300)
center, scale = train_np.mean(0), train_np.std(0)
train = torch.from_numpy((train_np - center) / scale)
calm = torch.from_numpy((calm_np - center) / scale)
odd = calm[torch.randperm(len(calm))]
odd = torch.cat([calm[:, :6], odd[:, 6:]], dim=1)

encoder = nn.Sequential(nn.Linear(12, 32), nn.ReLU(), nn.Linear(32, 3))
decoder = nn.Sequential(nn.Linear(3, 32), nn.ReLU(), nn.Linear(32, 12))
optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=4e-3)
criterion = nn.MSELoss()


def reconstruction_error(rows):
    encoder.eval()
    decoder.eval()
    with torch.no_grad():
        return ((decoder(encoder(rows)) - rows) ** 2).mean(dim=1)


for epoch in range(15):
    encoder.train()
    decoder.train()
    running = 0.0
    for index in torch.randperm(len(train)).split(50):
        batch = train[index]
        optimizer.zero_grad()
        loss = criterion(decoder(encoder(batch)), batch)
        loss.backward()
        optimizer.step()
        running += loss.item() * len(index)
    print(f"epoch {epoch:2d}: train {running / len(train):.4f} calm {reconstruction_error(calm).mean().item():.4f}")

limit = reconstruction_error(train).quantile(0.95)
flagged = (reconstruction_error(odd) > limit).float().mean().item()
alarms = (reconstruction_error(calm) > limit).float().mean().item()
print(f"odd rows flagged {flagged:.3f}, calm rows flagged {alarms:.3f}")
