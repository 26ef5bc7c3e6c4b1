"""Binary weights through a custom autograd.Function (straight-through with clipping)."""
import torch
from torch import nn
from torch.autograd import Function
from torch.utils.data import DataLoader, TensorDataset
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split


class Binarise(Function):
    @staticmethod
    def forward(ctx, w):
        ctx.save_for_backward(w)
        return torch.where(w >= 0, torch.ones_like(w), -torch.ones_like(w))

    @staticmethod
    def backward(ctx, grad_out):
        w, = ctx.saved_tensors
        return grad_out * (w.abs() <= 1).to(grad_out.dtype)


class BinaryLinear(nn.Module):
    def __init__(self, i, o):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(o, i).uniform_(-0.5, 0.5))
        self.scale = nn.Parameter(torch.full((o, 1), i ** -0.5))
        self.bias = nn.Parameter(torch.zeros(o))

    def forward(self, x):
        return nn.functional.linear(x, Binarise.apply(self.weight) * self.scale, self.bias)


def clip_latent(model):
    with torch.no_grad():
        for m in model.modules():
            if isinstance(m, BinaryLinear):
                m.weight.clamp_(-1.0, 1.0)


def main():
    torch.manual_seed(0)
    X, y = load_breast_cancer(return_X_y=True)
    X_tr, X_te, y_tr, y_te = train_test_split(X, y, test_size=0.3, stratify=y, random_state=1)
    m, s = X_tr.mean(axis=0), X_tr.std(axis=0)
    X_tr, X_te = (torch.from_numpy((a - m) / s).float() for a in (X_tr, X_te))
    y_tr, y_te = torch.from_numpy(y_tr).float(), torch.from_numpy(y_te).float()
    loader = DataLoader(TensorDataset(X_tr, y_tr), batch_size=32, shuffle=True)

    model = nn.Sequential(BinaryLinear(30, 64), nn.BatchNorm1d(64), nn.Hardtanh(), BinaryLinear(64, 1), nn.Flatten(0))
    opt = torch.optim.Adam(model.parameters(), lr=5e-3)
    loss_fn = nn.BCEWithLogitsLoss()
    for epoch in range(15):
        model.train()
        running = 0.0
        for xb, yb in loader:
            opt.zero_grad()
            loss = loss_fn(model(xb), yb)
            loss.backward()
            opt.step()
            clip_latent(model)
            running += loss.item() * yb.size(0)
        if epoch % 5 == 4:
            print(f"epoch {epoch + 1}: train loss {running / len(X_tr):.4f}")

    model.eval()
    with torch.no_grad():
        pred = (model(X_te) > 0).float()       # a logit of zero is p = 0.5
    print("test accuracy", (pred == y_te).float().mean().item())


if __name__ == "__main__":
    main()
