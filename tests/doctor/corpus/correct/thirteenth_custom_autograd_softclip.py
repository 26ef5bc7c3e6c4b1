"""A hand-written autograd.Function (softplus-based smooth clip), verified with gradcheck and then trained."""
import torch
import torch.nn as nn
import torch.nn.functional as F


class SmoothClip(torch.autograd.Function):
    """f(x) = (1/b) * [softplus(b x) - softplus(b (x - 1))], a smooth version of clamp(x, 0, 1)."""

    @staticmethod
    def forward(ctx, x, beta):
        ctx.save_for_backward(x)
        ctx.beta = beta
        return (F.softplus(beta * x) - F.softplus(beta * (x - 1))) / beta

    @staticmethod
    def backward(ctx, grad_out):
        (x,) = ctx.saved_tensors
        b = ctx.beta
        slope = torch.sigmoid(b * x) - torch.sigmoid(b * (x - 1))
        return grad_out * slope, None


class SmoothClipLayer(nn.Module):
    def __init__(self, beta=5.0):
        super().__init__()
        self.beta = beta

    def forward(self, x):
        return SmoothClip.apply(x, self.beta)


def main():
    torch.manual_seed(9)
    probe = torch.randn(6, 3, dtype=torch.double, requires_grad=True)
    assert torch.autograd.gradcheck(lambda v: SmoothClip.apply(v, 5.0), (probe,))

    x = torch.rand(600, 4)
    y = (x @ torch.tensor([1.5, -1.0, 0.5, 0.8])).clamp(0, 1)
    x_tr, y_tr, x_te, y_te = x[:450], y[:450], x[450:], y[450:]

    model = nn.Sequential(nn.Linear(4, 1), SmoothClipLayer(), nn.Flatten(0))
    opt = torch.optim.Adam(model.parameters(), lr=0.02)
    for epoch in range(30):
        for idx in torch.randperm(len(x_tr)).split(45):
            loss = F.mse_loss(model(x_tr[idx]), y_tr[idx])
            opt.zero_grad()
            loss.backward()
            opt.step()
        if epoch % 10 == 9:
            with torch.no_grad():
                print(f"epoch {epoch + 1}: test mse {F.mse_loss(model(x_te), y_te).item():.5f}")


if __name__ == "__main__":
    main()
