"""Autoencoder for anomalies: fitted on normal digits only; threshold from held-out normals; no label in training."""
import torch
import torch.nn as nn
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.metrics import roc_auc_score

torch.manual_seed(5)
NORMAL = (0, 1, 2, 3, 4, 5, 6)
digits = load_digits()
x = torch.tensor(digits.data, dtype=torch.float32) / 16.0            # in [0, 1]
label = torch.tensor(digits.target)
is_normal = torch.isin(label, torch.tensor(NORMAL))

normal_idx = is_normal.nonzero().squeeze(1)
normal_idx = normal_idx[torch.randperm(len(normal_idx))]
fit_idx, val_idx, hold_idx = normal_idx.split([800, 200, len(normal_idx) - 1000])
odd_idx = (~is_normal).nonzero().squeeze(1)
test_idx = torch.cat([hold_idx, odd_idx])
test_y = torch.cat([torch.zeros(len(hold_idx)), torch.ones(len(odd_idx))])


class AutoEncoder(nn.Module):
    def __init__(self, code=8):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(64, 48), nn.GELU(), nn.Linear(48, code))
        self.decoder = nn.Sequential(nn.Linear(code, 48), nn.GELU(), nn.Linear(48, 64), nn.Sigmoid())

    def forward(self, v):
        return self.decoder(self.encoder(v))


def corrupt(v, p=0.15):
    """Denoising: the input is masked, the target is the clean image."""
    return v * (torch.rand_like(v) > p)


def error_per_image(net, v):
    net.eval()
    with torch.no_grad():
        return nn.functional.mse_loss(net(v), v, reduction="none").mean(dim=1)


def auc(score, y):
    order = score.argsort()
    ranks = torch.empty_like(score)
    ranks[order] = torch.arange(1.0, len(score) + 1)
    n1 = y.sum()
    return ((ranks[y == 1].sum() - n1 * (n1 + 1) / 2) / (n1 * (len(y) - n1))).item()


net = AutoEncoder()
# sigmoid + BCE with grey values as soft targets: the minimum is not zero, but it lies at output = input
criterion = nn.BCELoss(reduction="sum")
optimizer = torch.optim.Adam(net.parameters(), lr=4e-3)
patience, left, lowest, weights = 6, 6, float("inf"), None

for epoch in range(32):
    net.train()
    running = 0.0
    for rows in fit_idx[torch.randperm(len(fit_idx))].split(50):
        clean = x[rows]
        optimizer.zero_grad()
        loss = criterion(net(corrupt(clean)), clean) / len(clean)       # summed over pixels, mean over images
        loss.backward()
        optimizer.step()
        running += loss.item() * len(clean)
    val = error_per_image(net, x[val_idx]).mean().item()
    if val < lowest:
        lowest, left = val, patience
        weights = {k: t.clone() for k, t in net.state_dict().items()}
    else:
        left -= 1
    if epoch % 10 == 0 or left == 0:
        print(f"epoch {epoch}: bce {running / len(fit_idx):.3f}, validation mse {val:.5f}")
    if not left:
        break

net.load_state_dict(weights)
threshold = torch.quantile(error_per_image(net, x[val_idx]), 0.95)      # five false alarms in a hundred
score = error_per_image(net, x[test_idx])
flag = score > threshold
area = auc(score, test_y)
assert abs(area - roc_auc_score(test_y.numpy(), score.numpy())) < 1e-4
print(f"autoencoder auc {area:.4f}, detected {flag[test_y == 1].float().mean():.3f}, "
      f"false alarms {flag[test_y == 0].float().mean():.3f}")
pca = PCA(8).fit(x[fit_idx].numpy())
back = torch.tensor(pca.inverse_transform(pca.transform(x[test_idx].numpy())))
print(f"pca auc {auc((back - x[test_idx]).square().mean(1).float(), test_y):.4f}")
