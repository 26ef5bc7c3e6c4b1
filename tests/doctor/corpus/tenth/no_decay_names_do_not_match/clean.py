import torch
import torch.nn as nn
import torch.nn.functional as F


class Block(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.norm1 = nn.LayerNorm(dim)
        self.attn = nn.MultiheadAttention(dim, 4, batch_first=True)
        self.norm2 = nn.LayerNorm(dim)
        self.mlp = nn.Sequential(nn.Linear(dim, 2 * dim), nn.GELU(), nn.Linear(2 * dim, dim))

    def forward(self, x):
        h = self.norm1(x)
        x = x + self.attn(h, h, h, need_weights=False)[0]
        return x + self.mlp(self.norm2(x))


class SetModel(nn.Module):
    def __init__(self, dim=32, depth=2):
        super().__init__()
        self.embed = nn.Linear(3, dim)
        self.blocks = nn.ModuleList(Block(dim) for _ in range(depth))
        self.norm_f = nn.LayerNorm(dim)
        self.head = nn.Linear(dim, 1)

    def forward(self, pts):
        x = self.embed(pts)
        for blk in self.blocks:
            x = blk(x)
        return self.head(self.norm_f(x).mean(1)).squeeze(-1)


def param_groups(model, weight_decay):
    # biases and normalization weights are not decayed
    no_decay = ("bias", "norm1.weight", "norm2.weight", "norm_f.weight")
    decay, rest = [], []
    for name, p in model.named_parameters():
        (rest if any(key in name for key in no_decay) else decay).append(p)
    return [{"params": decay, "weight_decay": weight_decay}, {"params": rest, "weight_decay": 0.0}]


def point_sets(n):
    pts = torch.randn(n, 12, 3)
    return pts, pts.norm(dim=-1).max(dim=1).values - pts.mean(1).norm(dim=-1)


def main():
    torch.manual_seed(13)
    x, y = point_sets(800)
    xv, yv = point_sets(200)
    model = SetModel()
    opt = torch.optim.AdamW(param_groups(model, weight_decay=0.1), lr=2e-3)
    for epoch in range(6):
        model.train()
        for idx in torch.randperm(800).split(40):
            loss = F.mse_loss(model(x[idx]), y[idx])
            opt.zero_grad(set_to_none=True)
            loss.backward()
            opt.step()
        model.eval()
        with torch.no_grad():
            val = F.mse_loss(model(xv), yv).item()
        print(f"{epoch} val {val:.4f}")


if __name__ == "__main__":
    main()
