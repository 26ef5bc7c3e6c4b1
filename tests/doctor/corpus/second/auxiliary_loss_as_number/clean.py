import torch
import torch.nn as nn
import torch.nn.functional as F


class Vae(nn.Module):
    def __init__(self, n, z):
        super().__init__()
        self.enc = nn.Sequential(nn.Linear(n, 48), nn.Tanh(), nn.Linear(48, 2 * z))
        self.dec = nn.Sequential(nn.Linear(z, 48), nn.Tanh(), nn.Linear(48, n))
        self.z = z

    def forward(self, x):
        mu, log_var = self.enc(x).chunk(2, dim=1)
        z = mu + torch.randn_like(mu) * (0.5 * log_var).exp()
        return self.dec(z), mu, log_var


class Elbo:
    def __init__(self, beta):
        self.beta = beta

    def terms(self, x, out):
        rec, mu, log_var = out
        r = F.mse_loss(rec, x, reduction="none").sum(1).mean()
        kl = -0.5 * (1 + log_var - mu.pow(2) - log_var.exp()).sum(1).mean()
        return {"rec": r, "kl": self.beta * kl}


def fit(model, elbo, x, epochs):
    opt = torch.optim.Adam(model.parameters(), lr=3e-3)
    for epoch in range(epochs):
        model.train()
        log = {"rec": 0.0, "kl": 0.0}
        for idx in torch.randperm(len(x)).split(50):
            terms = elbo.terms(x[idx], model(x[idx]))
            loss = terms["rec"] + terms["kl"]
            opt.zero_grad()
            loss.backward()
            opt.step()
            for k, v in terms.items():
                log[k] += v.item() * len(idx)
        if epoch % 8 == 7:
            print(epoch + 1, {k: round(v / len(x), 3) for k, v in log.items()})


torch.manual_seed(24)
x = torch.tanh(torch.randn(600, 3) @ torch.randn(3, 16)) + 0.1 * torch.randn(600, 16)
model, elbo = Vae(16, 6), Elbo(0.5)
fit(model, elbo, x[:500], 24)
model.eval()
with torch.no_grad():
    t = elbo.terms(x[500:], model(x[500:]))
print("held out", {k: round(float(v), 3) for k, v in t.items()})
