import math

import torch
import torch.nn as nn


class LoRALinear(nn.Module):
    def __init__(self, base: nn.Linear, r: int = 4, alpha: float = 8.0):
        super().__init__()
        self.base = base
        self.base.weight.requires_grad_(False)
        if self.base.bias is not None:
            self.base.bias.requires_grad_(False)
        self.a = nn.Parameter(torch.empty(r, base.in_features))
        self.b = nn.Parameter(torch.zeros(base.out_features, r))
        nn.init.kaiming_uniform_(self.a, a=math.sqrt(5))
        self.scale = alpha / r

    def forward(self, x):
        return self.base(x) + (x @ self.a.T @ self.b.T) * self.scale

    @torch.no_grad()
    def merged(self):
        out = nn.Linear(self.base.in_features, self.base.out_features, bias=self.base.bias is not None)
        out.weight.copy_(self.base.weight + self.scale * self.b @ self.a)
        if self.base.bias is not None:
            out.bias.copy_(self.base.bias)
        return out


def replace_linears(module, wrap, skip=()):
    for name, child in list(module.named_children()):
        if name in skip:
            continue
        if isinstance(child, nn.Linear):
            setattr(module, name, wrap(child))
        else:
            replace_linears(child, wrap, skip)


class Body(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(10, 48)
        self.fc2 = nn.Linear(48, 48)
        self.head = nn.Linear(48, 3)

    def forward(self, x):
        return self.head(torch.relu(self.fc2(torch.relu(self.fc1(x)))))


def train(model, params, x, y, steps, lr):
    opt = torch.optim.AdamW(params, lr=lr)
    for _ in range(steps):
        idx = torch.randint(0, len(x), (64,))
        opt.zero_grad()
        loss = nn.functional.cross_entropy(model(x[idx]), y[idx])
        loss.backward()
        opt.step()
    return loss.item()


torch.manual_seed(0)
x = torch.randn(800, 10)
source = x[:, :3].argmax(1)
target = x[:, 3:6].argmax(1)
model = Body()
print("pretraining", train(model, model.parameters(), x[:600], source[:600], 80, 3e-3))

replace_linears(model, LoRALinear, skip=("head",))
model.head.reset_parameters()
trainable = [p for p in model.parameters() if p.requires_grad]
print("trainable", sum(p.numel() for p in trainable), "of", sum(p.numel() for p in model.parameters()))
print("adapting", train(model, trainable, x[:600], target[:600], 120, 5e-3))

model.eval()
with torch.no_grad():
    before = model(x[600:])
for name in ("fc1", "fc2"):
    setattr(model, name, getattr(model, name).merged())
with torch.no_grad():
    after = model(x[600:])
print("same after the merge:", torch.allclose(before, after, atol=1e-4))
print("accuracy", (after.argmax(1) == target[600:]).float().mean().item())
