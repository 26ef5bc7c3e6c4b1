import torch
import torch.nn as nn
import torch.nn.functional as F

USERS, ITEMS, GROUPS = 500, 60, 5


class MultVAE(nn.Module):
    def __init__(self, hidden=64, latent=12):
        super().__init__()
        self.enc = nn.Sequential(nn.Linear(ITEMS, hidden), nn.Tanh(), nn.Linear(hidden, 2 * latent))
        self.dec = nn.Sequential(nn.Linear(latent, hidden), nn.Tanh(), nn.Linear(hidden, ITEMS))
        self.drop = nn.Dropout(0.3)

    def forward(self, x):
        mu, logvar = self.enc(self.drop(F.normalize(x, dim=1))).chunk(2, dim=1)
        z = mu
        if self.training:
            z = mu + torch.randn_like(mu) * torch.exp(0.5 * logvar)
        return self.dec(z), mu, logvar


def vae_loss(logits, x, mu, logvar, beta):
    nll = -(F.log_softmax(logits, dim=1) * x).sum(1).mean()
    kld = -0.5 * (1 + logvar - mu ** 2 - logvar.exp()).sum(1).mean()
    return nll + beta * kld


def hold_out(x, fraction=0.2):
    held = x * (torch.rand_like(x) < fraction)
    return x - held, held


def recall(model, given, held, k=10):
    model.eval()
    with torch.no_grad():
        scores = model(given)[0].masked_fill(given > 0, float("-inf"))
    hits = held.gather(1, scores.topk(k, dim=1).indices).sum(1)
    wanted = held.sum(1)
    valid = wanted > 0
    return (hits[valid] / wanted[valid].clamp(max=k)).mean().item()


torch.manual_seed(23)
group_item = torch.softmax(2 * torch.randn(GROUPS, ITEMS), dim=1)
mix = torch.distributions.Dirichlet(torch.full((GROUPS,), 0.3)).sample((USERS,))
clicks = (torch.rand(USERS, ITEMS) < (12 * mix @ group_item).clamp(max=0.9)).float()
train, val, test = clicks[:350], clicks[350:425], clicks[425:]
train = train[train.sum(1) > 0]
val_given, val_held = hold_out(val)
test_given, test_held = hold_out(test)

model = MultVAE()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
best, state, step = -1.0, None, 0
for epoch in range(40):
    model.train()
    for idx in torch.randperm(len(train)).split(50):
        beta = min(0.2, 0.2 * step / 150)
        optimizer.zero_grad()
        logits, mu, logvar = model(train[idx])
        vae_loss(logits, train[idx], mu, logvar, beta).backward()
        optimizer.step()
        step += 1
    score = recall(model, val_given, val_held)
    if score > best:
        best, state = score, {k: v.clone() for k, v in model.state_dict().items()}
    if epoch % 10 == 9:
        print(f"epoch {epoch + 1} val recall@10 {score:.3f}")
model.load_state_dict(state)
print(f"test recall@10 {recall(model, test_given, test_held):.3f}")
