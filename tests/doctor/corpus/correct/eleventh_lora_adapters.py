"""Low-rank adapters on a frozen network, merged into the weights at the end."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(88)


class LoRALinear(nn.Module):
    def __init__(self, base: nn.Linear, rank=4, alpha=8.0):
        super().__init__()
        self.base = base
        for p in self.base.parameters():
            p.requires_grad = False
        self.scaling = alpha / rank
        self.A = nn.Parameter(torch.randn(rank, base.in_features) / base.in_features**0.5)
        self.B = nn.Parameter(torch.zeros(base.out_features, rank))

    def forward(self, x):
        return self.base(x) + self.scaling * F.linear(F.linear(x, self.A), self.B)

    @torch.no_grad()
    def merged(self):
        out = nn.Linear(self.base.in_features, self.base.out_features)
        out.weight.copy_(self.base.weight + self.scaling * self.B @ self.A)
        out.bias.copy_(self.base.bias)
        return out


def run(model, params, x, y, epochs, lr):
    opt = torch.optim.AdamW(params, lr=lr, weight_decay=0.0)
    model.train()
    for _ in range(epochs):
        for b in torch.randperm(len(x)).split(64):
            opt.zero_grad()
            F.mse_loss(model(x[b]), y[b]).backward()
            opt.step()


@torch.no_grad()
def error(model, x, y):
    model.eval()
    return F.mse_loss(model(x), y).item()


def world(shift):
    w = torch.linspace(-0.6, 0.6, 16)
    def f(n):
        x = torch.randn(n, 16)
        return x, torch.sin(x @ w + shift).unsqueeze(1) + 0.5 * x[:, :1]
    return f


old, new = world(0.0), world(0.9)
model = nn.Sequential(nn.Linear(16, 64), nn.GELU(), nn.Linear(64, 64), nn.GELU(), nn.Linear(64, 1))
x, y = old(1500)
run(model, model.parameters(), x, y, epochs=20, lr=3e-3)
print("old world:", error(model, *old(500)))

x, y = new(600)
x_test, y_test = new(500)
print("new world, before:", error(model, x_test, y_test))
for i in (0, 2, 4):
    model[i] = LoRALinear(model[i])
trainable = [p for p in model.parameters() if p.requires_grad]
print("trainable", sum(p.numel() for p in trainable), "of", sum(p.numel() for p in model.parameters()))
run(model, trainable, x, y, epochs=15, lr=5e-3)
adapted = error(model, x_test, y_test)
for i in (0, 2, 4):
    model[i] = model[i].merged()
print("new world, adapted:", adapted, "merged:", error(model, x_test, y_test))
