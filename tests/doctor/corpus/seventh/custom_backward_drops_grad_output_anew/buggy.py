import torch
import torch.nn as nn


class SwishFn(torch.autograd.Function):
    """x * sigmoid(x); keeps only its input for the backward pass."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * torch.sigmoid(x)

    @staticmethod
    def backward(ctx, grad_out):
        (x,) = ctx.saved_tensors
        s = torch.sigmoid(x)
        return s + x * s * (1 - s)


class Swish(nn.Module):
    def forward(self, x):
        return SwishFn.apply(x)


class Residual(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.fc = nn.Linear(width, width)
        self.norm = nn.LayerNorm(width)
        self.act = Swish()

    def forward(self, h):
        return h + self.act(self.fc(self.norm(h)))


class Surface(nn.Module):
    def __init__(self, width=48, depth=2):
        super().__init__()
        self.inp = nn.Linear(2, width)
        self.act = Swish()
        self.blocks = nn.Sequential(*[Residual(width) for _ in range(depth)])
        self.out = nn.Linear(width, 1)

    def forward(self, xy):
        h = self.act(self.inp(xy))
        return self.out(self.blocks(h)).squeeze(1)


def samples(n):
    xy = 4 * torch.rand(n, 2) - 2
    z = torch.sin(2 * xy[:, 0]) * torch.cos(1.5 * xy[:, 1]) + 0.3 * xy[:, 0]
    return xy, z + 0.05 * torch.randn(n)


def rmse(model, xy, z):
    model.eval()
    with torch.no_grad():
        return (model(xy) - z).square().mean().sqrt().item()


def main():
    torch.manual_seed(14)
    xy, z = samples(1500)
    xy_test, z_test = samples(500)
    model = Surface()
    opt = torch.optim.Adam(model.parameters(), lr=3e-3)
    for epoch in range(20):
        model.train()
        for idx in torch.randperm(len(xy)).split(50):
            loss = nn.functional.mse_loss(model(xy[idx]), z[idx])
            opt.zero_grad()
            loss.backward()
            opt.step()
        if epoch % 5 == 4:
            print(f"epoch {epoch:2d}  test rmse {rmse(model, xy_test, z_test):.4f}")


if __name__ == "__main__":
    main()
