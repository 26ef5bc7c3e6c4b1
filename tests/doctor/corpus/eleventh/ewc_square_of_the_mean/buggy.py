import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(14)


def make_task(shift, n=400):
    """Two tasks share the network; the inputs they depend on overlap a little."""
    x = 0.1 * torch.randn(n, 20)
    x[:, shift:shift + 10] = torch.randn(n, 10)
    w = torch.randn(10)
    y = (x[:, shift:shift + 10] @ w > 0).long()
    return (x[:300], y[:300]), (x[300:], y[300:])


class EWC:
    def __init__(self, model, x, y):
        self.model = model
        self.star = {n: p.detach().clone() for n, p in model.named_parameters()}
        self.fisher = self._diag_fisher(x, y)

    def _diag_fisher(self, x, y):
        fisher = {n: torch.zeros_like(p) for n, p in self.model.named_parameters()}
        self.model.eval()
        self.model.zero_grad()
        F.cross_entropy(self.model(x), y).backward()
        for n, p in self.model.named_parameters():
            fisher[n] += p.grad.detach() ** 2
        self.model.zero_grad()
        return fisher

    def penalty(self):
        return sum((self.fisher[n] * (p - self.star[n]) ** 2).sum() for n, p in self.model.named_parameters())


def train(model, x, y, epochs=30, ewc=None, lam=0.0):
    opt = torch.optim.SGD(model.parameters(), lr=0.05)
    for _ in range(epochs):
        model.train()
        for idx in torch.randperm(len(x)).split(30):
            loss = F.cross_entropy(model(x[idx]), y[idx])
            if ewc is not None:
                loss = loss + 0.5 * lam * ewc.penalty()
            opt.zero_grad()
            loss.backward()
            opt.step()


@torch.no_grad()
def accuracy(model, x, y):
    model.eval()
    return (model(x).argmax(1) == y).float().mean().item()


(xa, ya), (xa_test, ya_test) = make_task(0)
(xb, yb), (xb_test, yb_test) = make_task(7)
model = nn.Sequential(nn.Linear(20, 32), nn.ReLU(), nn.Linear(32, 2))
train(model, xa, ya)
print(f"after A: A {accuracy(model, xa_test, ya_test):.3f}")
ewc = EWC(model, xa, ya)
train(model, xb, yb, ewc=ewc, lam=100.0)
print(f"after B: A {accuracy(model, xa_test, ya_test):.3f}  B {accuracy(model, xb_test, yb_test):.3f}")
print("fisher sum", sum(f.sum() for f in ewc.fisher.values()).item())
