"""Custom autograd Function (numerically stable softplus-swish) verified by gradcheck, trained with a focal loss."""
import torch
import torch.nn.functional as F
from sklearn.datasets import make_classification
from sklearn.metrics import average_precision_score
from sklearn.model_selection import train_test_split
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class SwishFn(torch.autograd.Function):
    """x * sigmoid(beta * x); only the inputs are kept, the sigmoid is recomputed in backward."""

    @staticmethod
    def forward(ctx, x, beta):
        ctx.save_for_backward(x, beta)
        return x * torch.sigmoid(beta * x)

    @staticmethod
    def backward(ctx, grad_out):
        x, beta = ctx.saved_tensors
        s = torch.sigmoid(beta * x)
        ds = s * (1 - s)
        gx = gb = None
        if ctx.needs_input_grad[0]:
            gx = grad_out * (s + beta * x * ds)
        if ctx.needs_input_grad[1]:
            gb = (grad_out * x * x * ds).sum_to_size(beta.shape)
        return gx, gb


class Swish(nn.Module):
    def __init__(self):
        super().__init__()
        self.beta = nn.Parameter(torch.ones(1))

    def forward(self, x):
        return SwishFn.apply(x, self.beta)


def focal_loss(logits, target, alpha=0.75, gamma=2.0):
    bce = F.binary_cross_entropy_with_logits(logits, target, reduction="none")
    p_t = torch.exp(-bce)
    a_t = alpha * target + (1 - alpha) * (1 - target)
    return (a_t * (1 - p_t) ** gamma * bce).mean()


def main():
    torch.manual_seed(26)
    probe = torch.randn(5, 3, dtype=torch.double, requires_grad=True)
    beta = torch.tensor([0.7], dtype=torch.double, requires_grad=True)
    assert torch.autograd.gradcheck(SwishFn.apply, (probe, beta))

    X, y = make_classification(3000, 12, n_informative=6, weights=[0.93], class_sep=0.9, random_state=26)
    X_rest, X_te, y_rest, y_te = train_test_split(X, y, test_size=0.2, stratify=y, random_state=26)
    X_tr, X_va, y_tr, y_va = train_test_split(X_rest, y_rest, test_size=0.2, stratify=y_rest, random_state=26)
    mu, sd = X_tr.mean(0), X_tr.std(0)
    z = lambda a: torch.tensor((a - mu) / sd, dtype=torch.float32)
    x_va, x_te = z(X_va), z(X_te)
    loader = DataLoader(TensorDataset(z(X_tr), torch.tensor(y_tr, dtype=torch.float32)), 64, shuffle=True)
    net = nn.Sequential(nn.Linear(12, 32), Swish(), nn.Linear(32, 32), Swish(), nn.Linear(32, 1))
    opt = torch.optim.Adam(net.parameters(), lr=3e-3)

    def average_precision(x, t):
        net.eval()
        with torch.no_grad():
            return average_precision_score(t, net(x).squeeze(1).numpy())

    best, state = -1.0, None
    for epoch in range(10):
        net.train()
        for xb, yb in loader:
            opt.zero_grad()
            focal_loss(net(xb).squeeze(1), yb).backward()
            opt.step()
        ap = average_precision(x_va, y_va)
        if ap > best:
            best, state = ap, {k: v.clone() for k, v in net.state_dict().items()}
        print(f"epoch {epoch + 1:2d} val AP {ap:.4f}")
    net.load_state_dict(state)
    print(f"betas {[round(m.beta.item(), 3) for m in net if isinstance(m, Swish)]} test AP {average_precision(x_te, y_te):.4f}")


if __name__ == "__main__":
    main()
