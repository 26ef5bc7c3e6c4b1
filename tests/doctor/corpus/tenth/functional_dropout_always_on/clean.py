"""Matrix-factorisation style click model on made-up users and items."""
import torch
import torch.nn as nn
import torch.nn.functional as F


class ClickNet(nn.Module):
    def __init__(self, n_users, n_items, k=16, p_drop=0.3):
        super().__init__()
        self.user = nn.Embedding(n_users, k)
        self.item = nn.Embedding(n_items, k)
        self.fc1 = nn.Linear(2 * k, 64)
        self.fc2 = nn.Linear(64, 1)
        self.p_drop = p_drop

    def forward(self, u, i):
        h = torch.cat([self.user(u), self.item(i)], dim=1)
        h = F.relu(self.fc1(h))
        h = F.dropout(h, p=self.p_drop, training=self.training)
        return self.fc2(h).squeeze(1)


class Trainer:
    def __init__(self, model, lr=1e-2, weight_decay=1e-5):
        self.model = model
        self.opt = torch.optim.Adam(model.parameters(), lr=lr, weight_decay=weight_decay)

    def fit_epoch(self, u, i, y, batch=128):
        self.model.train()
        for idx in torch.randperm(len(y)).split(batch):
            loss = F.binary_cross_entropy_with_logits(self.model(u[idx], i[idx]), y[idx])
            self.opt.zero_grad()
            loss.backward()
            self.opt.step()

    @torch.no_grad()
    def logloss(self, u, i, y):
        self.model.eval()
        return F.binary_cross_entropy_with_logits(self.model(u, i), y).item()


def simulate(n_users=30, n_items=40, n=6000, seed=5):
    g = torch.Generator().manual_seed(seed)
    zu, zi = torch.randn(n_users, 3, generator=g), torch.randn(n_items, 3, generator=g)
    u = torch.randint(n_users, (n,), generator=g)
    i = torch.randint(n_items, (n,), generator=g)
    p = torch.sigmoid(3.0 * (zu[u] * zi[i]).sum(1))
    return u, i, torch.bernoulli(p, generator=g)


if __name__ == "__main__":
    torch.manual_seed(5)
    u, i, y = simulate()
    tr, te = slice(0, 5000), slice(5000, None)
    trainer = Trainer(ClickNet(30, 40))
    for epoch in range(12):
        trainer.fit_epoch(u[tr], i[tr], y[tr])
        print(f"epoch {epoch}: held-out logloss {trainer.logloss(u[te], i[te], y[te]):.4f}")
