# VAE with KL warm-up on 8x8 digits (Bernoulli likelihood), reported as ELBO in nats per image
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, random_split

torch.manual_seed(8)
images = torch.tensor(load_digits().data / 16.0, dtype=torch.float32)
train_set, val_set, test_set = random_split(images, [0.7, 0.15, 0.15])
train_dl = DataLoader(train_set, batch_size=64, shuffle=True, drop_last=True)
val_x, test_x = images[val_set.indices], images[test_set.indices]


class VAE(nn.Module):
    def __init__(self, d=64, h=128, z=8):
        super().__init__()
        self.enc = nn.Sequential(nn.Linear(d, h), nn.ReLU(), nn.Linear(h, 2 * z))
        self.dec = nn.Sequential(nn.Linear(z, h), nn.ReLU(), nn.Linear(h, d))
        self.z = z

    def encode(self, x):
        mu, logvar = self.enc(x).chunk(2, dim=-1)
        return mu, logvar.clamp(-8, 8)

    def reparameterize(self, mu, logvar):
        return mu + torch.randn_like(mu) * (0.5 * logvar).exp()

    def forward(self, x):
        mu, logvar = self.encode(x)
        return self.dec(self.reparameterize(mu, logvar)), mu, logvar


def elbo_terms(model, x):
    logits, mu, logvar = model(x)
    rec = F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(-1)
    kl = -0.5 * (1 + logvar - mu.pow(2) - logvar.exp()).sum(-1)
    return rec.mean(), kl.mean()


@torch.no_grad()
def evaluate(model, x, samples=8):
    # the latent is sampled in evaluation too: it is part of the bound
    model.eval()
    terms = [torch.stack(elbo_terms(model, x)) for _ in range(samples)]
    return torch.stack(terms).mean(0).tolist()


model = VAE()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
EPOCHS, WARMUP = 25, 8
best, best_sd = float("inf"), None
for epoch in range(EPOCHS):
    model.train()
    beta = min(1.0, (epoch + 1) / WARMUP)
    for x in train_dl:
        rec, kl = elbo_terms(model, x)
        loss = rec + beta * kl
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    rec, kl = evaluate(model, val_x)
    if rec + kl < best:
        best, best_sd = rec + kl, {k: v.clone() for k, v in model.state_dict().items()}
    if epoch % 6 == 0 or epoch == EPOCHS - 1:
        print(f"epoch {epoch:2d} beta {beta:.2f} val -ELBO {rec + kl:.2f} (rec {rec:.2f}, kl {kl:.2f})")

model.load_state_dict(best_sd)
rec, kl = evaluate(model, test_x)
print(f"test -ELBO {rec + kl:.2f} nats")
with torch.no_grad():
    pixels = model.dec(torch.randn(3, model.z)).sigmoid().view(3, 8, 8)
for row in (pixels[0] * 9).round().int().tolist():
    print("".join(" .:-=+*#%@"[v] for v in row))
