"""Activation checkpointing with dropout: recomputation replays the random state, so gradients equal those of the plain pass."""
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint, checkpoint_sequential
from torch.utils.data import DataLoader, TensorDataset


class ResidualMLP(nn.Module):
    def __init__(self, d, p):
        super().__init__()
        self.norm = nn.LayerNorm(d)
        self.f = nn.Sequential(nn.Linear(d, 2 * d), nn.GELU(), nn.Dropout(p), nn.Linear(2 * d, d))

    def forward(self, x):
        return x + self.f(self.norm(x))


class Net(nn.Module):
    def __init__(self, d_in, d=32, depth=4, classes=3, p=0.1, mode="block"):
        super().__init__()
        assert mode in ("off", "block", "sequential")
        self.mode = mode
        self.stem = nn.Linear(d_in, d)
        self.blocks = nn.Sequential(*[ResidualMLP(d, p) for _ in range(depth)])
        self.head = nn.Sequential(nn.LayerNorm(d), nn.Linear(d, classes))

    def forward(self, x):
        h = self.stem(x)
        if not self.training or self.mode == "off":
            h = self.blocks(h)
        elif self.mode == "block":
            for b in self.blocks:
                h = checkpoint(b, h, use_reentrant=False)
        else:
            h = checkpoint_sequential(self.blocks, 2, h, use_reentrant=False)
        return self.head(h)


def gradients(model, mode, x, y):
    model.mode = mode
    model.zero_grad()
    torch.manual_seed(0)
    nn.functional.cross_entropy(model(x), y).backward()
    grads = [p.grad.clone() for p in model.parameters()]
    model.zero_grad()
    return grads


def verify(model, x, y):
    model.train()
    ref = gradients(model, "off", x, y)
    for mode in ("block", "sequential"):
        for a, b in zip(ref, gradients(model, mode, x, y)):
            torch.testing.assert_close(a, b)
    print("checkpointed gradients agree with the plain ones")


def checker(n, gen):
    x = 4 * torch.rand(n, 2, generator=gen) - 2
    y = (x.floor().sum(1) % 3).long()
    feats = torch.cat([torch.sin(k * torch.pi / 2 * x) for k in (1, 2, 3)] + [x], 1)
    return feats, y


def accuracy(model, dl):
    model.eval()
    with torch.no_grad():
        return sum((model(x).argmax(-1) == y).sum().item() for x, y in dl) / len(dl.dataset)


def main():
    gen = torch.Generator().manual_seed(88)
    train_set, val_set = TensorDataset(*checker(1000, gen)), TensorDataset(*checker(400, gen))
    torch.manual_seed(88)
    model = Net(8)
    verify(model, *train_set[:16])
    torch.manual_seed(89)  # verify() reseeded the global stream
    train = DataLoader(train_set, batch_size=50, shuffle=True)
    val = DataLoader(val_set, batch_size=200)
    model.mode = "block"
    opt = torch.optim.AdamW(model.parameters(), lr=2e-3)
    sched = torch.optim.lr_scheduler.OneCycleLR(opt, max_lr=6e-3, total_steps=6 * len(train))
    for epoch in range(6):
        model.train()
        for x, y in train:
            loss = nn.functional.cross_entropy(model(x), y)
            opt.zero_grad()
            loss.backward()
            opt.step()
            sched.step()
        print(f"epoch {epoch} loss {loss.item():.3f} val acc {accuracy(model, val):.3f}")


if __name__ == "__main__":
    main()
