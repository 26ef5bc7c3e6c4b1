"""torch.compile as an option; checkpoints always hold the names of the plain module."""
import argparse
import io

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split


def parse():
    p = argparse.ArgumentParser()
    p.add_argument("--compile", action="store_true")
    p.add_argument("--epochs", type=int, default=12)
    p.add_argument("--seed", type=int, default=0)
    return p.parse_args()


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(4, 32), nn.SiLU(), nn.Linear(32, 32), nn.SiLU(), nn.Linear(32, 1))

    def forward(self, x):
        return self.layers(x).squeeze(-1)


def unwrap(m):
    return getattr(m, "_orig_mod", m)


def epoch_pass(model, loader, opt=None):
    """One pass; it trains when there is an optimizer."""
    model.train(opt is not None)
    total = n = 0
    with torch.set_grad_enabled(opt is not None):
        for x, y in loader:
            loss = nn.functional.mse_loss(model(x), y)
            if opt is not None:
                opt.zero_grad(set_to_none=True)
                loss.backward()
                opt.step()
            total += loss.item() * len(y)
            n += len(y)
    return total / n


def main():
    args = parse()
    torch.manual_seed(args.seed)
    x = torch.rand(1500, 4) * 2 - 1
    y = torch.sin(3 * x[:, 0]) * x[:, 1] + x[:, 2] ** 2
    parts = random_split(TensorDataset(x, y), [0.7, 0.15, 0.15], generator=torch.Generator().manual_seed(args.seed))
    train, val, test = (DataLoader(p, batch_size=32, shuffle=i == 0) for i, p in enumerate(parts))
    plain = Net()
    model = torch.compile(plain) if args.compile else plain
    opt = torch.optim.RAdam(plain.parameters(), lr=1e-2)        # the very parameters the compiled module uses
    best, blob = float("inf"), None
    for e in range(args.epochs):
        tr, va = epoch_pass(model, train, opt), epoch_pass(model, val)
        print(f"{e} train {tr:.4f} val {va:.4f}")
        if va < best:
            best, blob = va, io.BytesIO()
            torch.save(unwrap(model).state_dict(), blob)
    blob.seek(0)
    final = Net()
    final.load_state_dict(torch.load(blob, weights_only=True))
    print(f"test {epoch_pass(final, test):.4f}")


if __name__ == "__main__":
    main()
