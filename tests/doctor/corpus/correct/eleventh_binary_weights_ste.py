import torch
from torch import nn


class SignSTE(torch.autograd.Function):
    """Sign in the forward pass; in the backward pass the gradient goes through where |w| <= 1."""

    @staticmethod
    def forward(ctx, w):
        ctx.save_for_backward(w)
        return torch.where(w >= 0, 1.0, -1.0)

    @staticmethod
    def backward(ctx, grad_output):
        (w,) = ctx.saved_tensors
        return grad_output * (w.abs() <= 1)


class BinaryLinear(nn.Module):
    def __init__(self, fan_in, fan_out):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(fan_out, fan_in).uniform_(-0.5, 0.5))
        self.bias = nn.Parameter(torch.zeros(fan_out))

    def forward(self, x):
        scale = self.weight.detach().abs().mean(dim=1, keepdim=True)
        return nn.functional.linear(x, SignSTE.apply(self.weight) * scale, self.bias)


torch.manual_seed(40)
centres = torch.randn(4, 32)
labels = torch.randint(4, (1500,))
points = centres[labels] + 1.6 * torch.randn(1500, 32)
x_tr, y_tr, x_te, y_te = points[:1100], labels[:1100], points[1100:], labels[1100:]

model = nn.Sequential(
    nn.Linear(32, 64), nn.BatchNorm1d(64), nn.Hardtanh(),
    BinaryLinear(64, 64), nn.BatchNorm1d(64), nn.Hardtanh(),
    nn.Linear(64, 4),
)
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
loss_fn = nn.CrossEntropyLoss()

for epoch in range(8):
    model.train()
    for b in torch.randperm(len(x_tr)).split(55):
        optimizer.zero_grad()
        loss_fn(model(x_tr[b]), y_tr[b]).backward()
        optimizer.step()
        with torch.no_grad():
            for m in model:
                if isinstance(m, BinaryLinear):
                    m.weight.clamp_(-1, 1)
    model.eval()
    with torch.no_grad():
        acc = (model(x_te).argmax(1) == y_te).float().mean().item()
    print(f"epoch {epoch + 1}: test accuracy {acc:.3f}")

w = model[3].weight.detach()
print("share of positive weights:", (w >= 0).float().mean().item())
