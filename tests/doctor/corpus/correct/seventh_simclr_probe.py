# SimCLR (NT-Xent) pretraining on digits, then a linear probe on 100 labels
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split

torch.manual_seed(0)
X, y = load_digits(return_X_y=True)
X_tr, X_te, y_tr, y_te = train_test_split(X / 16.0, y, test_size=0.3, stratify=y, random_state=0)
X_tr = torch.tensor(X_tr, dtype=torch.float32).view(-1, 1, 8, 8)
X_te = torch.tensor(X_te, dtype=torch.float32).view(-1, 1, 8, 8)


def augment(x):
    n = len(x)
    angle = (torch.rand(n) - 0.5) * 0.6
    scale = 1 + (torch.rand(n) - 0.5) * 0.3
    theta = torch.zeros(n, 2, 3)
    theta[:, 0, 0] = theta[:, 1, 1] = angle.cos() * scale
    theta[:, 0, 1], theta[:, 1, 0] = -angle.sin() * scale, angle.sin() * scale
    theta[:, :, 2] = (torch.rand(n, 2) - 0.5) * 0.3
    x = F.grid_sample(x, F.affine_grid(theta, list(x.shape), align_corners=False), align_corners=False)
    return x + 0.05 * torch.randn_like(x)


class Encoder(nn.Module):
    def __init__(self, dim=64):
        super().__init__()
        self.conv = nn.Sequential(nn.Conv2d(1, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(),
                                  nn.Conv2d(16, 32, 3, stride=2, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.Flatten())
        self.fc = nn.Linear(32 * 16, dim)

    def forward(self, x):
        return self.fc(self.conv(x))


def nt_xent(z1, z2, tau=0.2):
    z = F.normalize(torch.cat([z1, z2]), dim=1)
    n = len(z1)
    sim = z @ z.T / tau
    sim = sim.masked_fill(torch.eye(2 * n, dtype=torch.bool), float("-inf"))
    target = torch.cat([torch.arange(n, 2 * n), torch.arange(n)])
    return F.cross_entropy(sim, target)


def probe(encoder, n_labels=100):
    encoder.eval()
    with torch.no_grad():
        f_tr, f_te = encoder(X_tr[:n_labels]).numpy(), encoder(X_te).numpy()
    mu, sd = f_tr.mean(0), f_tr.std(0) + 1e-6
    clf = LogisticRegression(C=0.1, max_iter=500).fit((f_tr - mu) / sd, y_tr[:n_labels])
    return clf.score((f_te - mu) / sd, y_te)


encoder = Encoder()
projector = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 32))
print(f"random encoder: probe accuracy {probe(encoder):.3f}")
optimizer = torch.optim.AdamW([*encoder.parameters(), *projector.parameters()], lr=2e-3, weight_decay=1e-4)
EPOCHS, BS = 8, 128
for epoch in range(EPOCHS):
    encoder.train()
    projector.train()
    total = batches = 0
    perm = torch.randperm(len(X_tr))
    for i in range(0, len(perm) - BS + 1, BS):
        x = X_tr[perm[i:i + BS]]
        loss = nt_xent(projector(encoder(augment(x))), projector(encoder(augment(x))))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item()
        batches += 1
    if epoch % 3 == 0:
        print(f"epoch {epoch} contrastive loss {total / batches:.3f}")
print(f"pretrained encoder: probe accuracy {probe(encoder):.3f}")
