import torch
from torch import nn


def learned(*shape, std=0.02):
    return (torch.randn(*shape) * std).requires_grad_()


class TinyViT(nn.Module):
    def __init__(self, img=16, patch=4, dim=32, depth=1, heads=4, classes=4):
        super().__init__()
        n = (img // patch) ** 2
        self.patchify = nn.Conv2d(1, dim, patch, stride=patch)
        self.cls = learned(1, 1, dim)
        self.pos = learned(1, n + 1, dim)
        layer = nn.TransformerEncoderLayer(dim, heads, 2 * dim, dropout=0.1, activation="gelu",
                                           batch_first=True, norm_first=True)
        self.encoder = nn.TransformerEncoder(layer, depth, enable_nested_tensor=False)
        self.norm = nn.LayerNorm(dim)
        self.head = nn.Linear(dim, classes)

    def forward(self, x):
        x = self.patchify(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.cls.expand(x.size(0), -1, -1), x], dim=1) + self.pos
        return self.head(self.norm(self.encoder(x)[:, 0]))


def quadrants(n):
    """The class is the quadrant in which the bright spot lies."""
    y = torch.randint(0, 4, (n,))
    x = 0.3 * torch.randn(n, 1, 16, 16)
    r = (y // 2) * 8 + torch.randint(0, 6, (n,))
    c = (y % 2) * 8 + torch.randint(0, 6, (n,))
    for i in range(n):
        x[i, 0, r[i]:r[i] + 2, c[i]:c[i] + 2] += 2.5
    return x, y


def param_groups(model, wd):
    decay, plain = [], []
    for name, p in model.named_parameters():
        (plain if p.ndim < 2 or name in ("cls", "pos") else decay).append(p)
    return [{"params": decay, "weight_decay": wd}, {"params": plain, "weight_decay": 0.0}]


if __name__ == "__main__":
    torch.manual_seed(4)
    x, y = quadrants(1000)
    x_val, y_val = quadrants(250)
    model = TinyViT()
    opt = torch.optim.AdamW(param_groups(model, 0.05), lr=3e-3)
    for epoch in range(12):
        model.train()
        for idx in torch.randperm(len(x)).split(50):
            loss = nn.functional.cross_entropy(model(x[idx]), y[idx], label_smoothing=0.05)
            opt.zero_grad()
            loss.backward()
            opt.step()
        model.eval()
        with torch.no_grad():
            acc = (model(x_val).argmax(1) == y_val).float().mean().item()
        print(epoch, round(loss.item(), 3), round(acc, 3))
