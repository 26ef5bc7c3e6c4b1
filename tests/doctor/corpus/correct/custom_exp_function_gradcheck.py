import torch


class Swish(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        s = torch.sigmoid(x)
        ctx.save_for_backward(x, s)
        return x * s

    @staticmethod
    def backward(ctx, g):
        x, s = ctx.saved_tensors
        return g * (s + x * s * (1 - s))


torch.manual_seed(19)
x = torch.randn(5, 3, dtype=torch.double, requires_grad=True)
print("gradcheck:", torch.autograd.gradcheck(Swish.apply, (x,)))
