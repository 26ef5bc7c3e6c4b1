"""LoRA (Hu et al. 2021): adapt a frozen transformer encoder to a second task, then merge the update into the weights."""
import copy
import math

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

VOCAB, LEN, D = 12, 12, 32


class LoRALinear(nn.Module):
    def __init__(self, base: nn.Linear, r: int, alpha: float, dropout: float = 0.0):
        super().__init__()
        self.base = base
        self.lora_A = nn.Parameter(torch.empty(r, base.in_features))
        self.lora_B = nn.Parameter(torch.zeros(base.out_features, r))
        nn.init.kaiming_uniform_(self.lora_A, a=math.sqrt(5))
        self.scaling, self.drop = alpha / r, nn.Dropout(dropout)

    def forward(self, x):
        return self.base(x) + self.drop(x) @ self.lora_A.t() @ self.lora_B.t() * self.scaling

    @torch.no_grad()
    def merged(self):
        out = copy.deepcopy(self.base)
        out.weight += self.lora_B @ self.lora_A * self.scaling
        return out


class Block(nn.Module):
    def __init__(self, d=D, heads=4):
        super().__init__()
        self.h = heads
        self.q, self.k, self.v, self.o = (nn.Linear(d, d) for _ in range(4))
        self.n1, self.n2 = nn.LayerNorm(d), nn.LayerNorm(d)
        self.up, self.down = nn.Linear(d, 2 * d), nn.Linear(2 * d, d)

    def forward(self, x):
        b, t, d = x.shape
        y = self.n1(x)
        q, k, v = (f(y).view(b, t, self.h, -1).transpose(1, 2) for f in (self.q, self.k, self.v))
        x = x + self.o(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(b, t, d))
        return x + self.down(F.gelu(self.up(self.n2(x))))


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb, self.pos = nn.Embedding(VOCAB, D), nn.Parameter(0.02 * torch.randn(LEN, D))
        self.blocks = nn.ModuleList(Block() for _ in range(2))
        self.norm, self.head = nn.LayerNorm(D), nn.Linear(D, 2)

    def forward(self, x):
        h = self.emb(x) + self.pos
        for b in self.blocks:
            h = b(h)
        return self.head(self.norm(h).mean(1))


def count_task(n, tok_a, tok_b, seed):
    """does token a occur more often than token b? ties are left out"""
    g = torch.Generator().manual_seed(seed)
    x = torch.randint(0, VOCAB, (6 * n, LEN), generator=g)
    x[torch.rand(x.shape, generator=g) < 0.25] = tok_a
    x[torch.rand(x.shape, generator=g) < 0.25] = tok_b
    diff = (x == tok_a).sum(1) - (x == tok_b).sum(1)
    pos, neg = (x[m][:n // 2] for m in (diff > 0, diff < 0))
    return TensorDataset(torch.cat([pos, neg]), torch.tensor([1] * len(pos) + [0] * len(neg)))


def replace(model, names, **kw):
    for module in list(model.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, nn.Linear) and name in names:
                setattr(module, name, LoRALinear(child, **kw))


def mark_only_lora_as_trainable(model):
    for n, p in model.named_parameters():
        p.requires_grad = "lora_" in n or n.startswith("head.")


def train(model, ds, epochs, lr):
    opt = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=lr, weight_decay=0.01)
    model.train()
    for ep in range(epochs):
        tot = 0.0
        for x, y in DataLoader(ds, batch_size=64, shuffle=True):
            loss = F.cross_entropy(model(x), y)
            opt.zero_grad()
            loss.backward()
            opt.step()
            tot += loss.item() * len(y)
        print(f"   epoch {ep}: loss {tot / len(ds):.4f}")


@torch.no_grad()
def accuracy(model, ds):
    model.eval()
    x, y = ds.tensors
    return (model(x).argmax(1) == y).float().mean().item()


def main():
    torch.manual_seed(0)
    model = Encoder()
    print("pre-training, task A")
    train(model, count_task(1600, 0, 1, seed=1), epochs=5, lr=3e-3)
    test_b = count_task(400, 2, 3, seed=3)
    print(f"task A {accuracy(model, count_task(400, 0, 1, seed=2)):.3f}, task B without adaptation {accuracy(model, test_b):.3f}")

    replace(model, {"q", "v", "up", "down"}, r=4, alpha=8.0, dropout=0.05)
    mark_only_lora_as_trainable(model)
    frozen = {n: p.detach().clone() for n, p in model.named_parameters() if not p.requires_grad}
    n_tr = sum(p.numel() for p in model.parameters() if p.requires_grad)
    print(f"LoRA, task B: {n_tr} of {sum(p.numel() for p in model.parameters())} parameters")
    train(model, count_task(1600, 2, 3, seed=4), epochs=6, lr=6e-3)
    now = dict(model.named_parameters())
    assert all(torch.equal(now[n], v) for n, v in frozen.items())
    print(f"task B adapted {accuracy(model, test_b):.3f}")

    plain = copy.deepcopy(model)
    for block in plain.blocks:
        for name in ("q", "v", "up", "down"):
            setattr(block, name, getattr(block, name).merged())
    plain.eval(), model.eval()
    with torch.no_grad():
        gap = (plain(test_b.tensors[0]) - model(test_b.tensors[0])).abs().max().item()
    print(f"merged {accuracy(plain, test_b):.3f}, largest difference of the logits {gap:.1e}")


if __name__ == "__main__":
    main()
