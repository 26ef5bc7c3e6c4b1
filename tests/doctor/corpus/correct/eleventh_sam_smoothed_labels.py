import torch
import torch.nn as nn
import torch.nn.functional as F


class SAM:
    """Sharpness-aware minimisation around any base optimizer."""

    def __init__(self, params, base, rho=0.05, **kw):
        self.params = list(params)
        self.base = base(self.params, **kw)
        self.rho = rho

    @torch.no_grad()
    def climb(self):
        norm = torch.stack([p.grad.norm() for p in self.params]).norm()
        self.offsets = []
        for p in self.params:
            e = p.grad * (self.rho / (norm + 1e-12))
            p.add_(e)
            self.offsets.append(e)
        self.zero_grad()

    @torch.no_grad()
    def descend(self):
        for p, e in zip(self.params, self.offsets):
            p.sub_(e)
        self.base.step()
        self.zero_grad()

    def zero_grad(self):
        self.base.zero_grad()


def smoothed_ce(logits, target, eps=0.1):
    logp = F.log_softmax(logits, dim=1)
    hit = -logp.gather(1, target.unsqueeze(1)).squeeze(1)
    uniform = -logp.mean(dim=1)
    return ((1 - eps) * hit + eps * uniform).mean()


torch.manual_seed(61)
K, D = 5, 16
centres = torch.randn(K, D)
y = torch.randint(K, (1400,))
x = centres[y] + 0.9 * torch.randn(1400, D)
x_train, y_train = x[:600], y[:600].clone()
x_test, y_test = x[600:], y[600:]
noisy = torch.rand(600) < 0.25
y_train[noisy] = torch.randint(K, (int(noisy.sum()),))

model = nn.Sequential(nn.Linear(D, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, K))
optimizer = SAM(model.parameters(), torch.optim.SGD, rho=0.1, lr=0.05, momentum=0.9, weight_decay=1e-4)

for epoch in range(1, 13):
    model.train()
    for b in torch.randperm(600).split(40):
        smoothed_ce(model(x_train[b]), y_train[b]).backward()
        optimizer.climb()
        smoothed_ce(model(x_train[b]), y_train[b]).backward()
        optimizer.descend()
    if epoch % 4 == 0:
        model.eval()
        with torch.no_grad():
            logits = model(x_test)
        print(f"epoch {epoch}: clean test accuracy {(logits.argmax(1) == y_test).float().mean():.3f} "
              f"loss {F.cross_entropy(logits, y_test):.3f}")
