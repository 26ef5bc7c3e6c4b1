import os
import tempfile

import torch
import torch.nn as nn
import torch.nn.functional as F

DEPTH, WIDTH = 4, 64


class Block(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.norm = nn.LayerNorm(d)
        self.up = nn.Linear(d, 2 * d)
        self.down = nn.Linear(2 * d, d)

    def forward(self, h):
        return h + self.down(F.gelu(self.up(self.norm(h))))


class ResMLP(nn.Module):
    def __init__(self, d_in, d_out, pretrained=None):
        super().__init__()
        self.stem = nn.Linear(d_in, WIDTH)
        self.blocks = nn.ModuleList(Block(WIDTH) for _ in range(DEPTH))
        self.head = nn.Linear(WIDTH, d_out)
        self.apply(self._init)
        if pretrained is not None:
            state = torch.load(pretrained, weights_only=True)
            state = {k: v for k, v in state.items() if not k.startswith("head.")}
            missing, unexpected = self.load_state_dict(state, strict=False)
            assert set(missing) == {"head.weight", "head.bias"} and not unexpected

    @staticmethod
    def _init(m):
        if isinstance(m, nn.Linear):
            nn.init.normal_(m.weight, 0.05)
            nn.init.zeros_(m.bias)

    def forward(self, x):
        h = self.stem(x)
        for b in self.blocks:
            h = b(h)
        return self.head(h)


teacher = torch.Generator().manual_seed(77)
W = torch.randn(10, 6, generator=teacher)


def source(n):
    x = torch.randn(n, 10)
    return x, torch.sin(x @ W)


def target(n):
    x = torch.randn(n, 10)
    s = torch.sin(x @ W)
    return x, (s[:, :3] * s[:, 3:]).sum(1, keepdim=True)


def train(model, x, y, steps, lr):
    opt = torch.optim.Adam(model.parameters(), lr=lr)
    model.train()
    for _ in range(steps):
        i = torch.randint(len(x), (64,))
        loss = F.mse_loss(model(x[i]), y[i])
        opt.zero_grad()
        loss.backward()
        opt.step()
    return loss.item()


torch.manual_seed(2)
base = ResMLP(10, 6)
print("pretraining loss", round(train(base, *source(4000), steps=350, lr=2e-3), 4))
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "base.pt")
    torch.save(base.state_dict(), path)
    tuned = ResMLP(10, 1, pretrained=path)
train(tuned, *target(300), steps=150, lr=1e-3)
tuned.eval()
xt, yt = target(1000)
with torch.no_grad():
    print("target mse", round(F.mse_loss(tuned(xt), yt).item(), 4))
