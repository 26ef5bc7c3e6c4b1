"""Iterative magnitude pruning with rewinding, then quantisation-aware tuning with a straight-through autograd Function."""
import copy

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn
from torch.nn.utils import parametrize, prune


class FakeQuant(torch.autograd.Function):
    @staticmethod
    def forward(ctx, w, bits):
        top = 2 ** (bits - 1) - 1
        scale = w.abs().max() / top
        return (w / scale).round().clamp(-top, top) * scale

    @staticmethod
    def backward(ctx, grad):
        return grad, None  # straight through: rounding has derivative zero almost everywhere


class Quantised(nn.Module):
    def __init__(self, bits):
        super().__init__()
        self.bits = bits

    def forward(self, w):
        return FakeQuant.apply(w, self.bits)


class Masked(nn.Module):
    def __init__(self, mask):
        super().__init__()
        self.register_buffer("mask", mask)

    def forward(self, w):
        return w * self.mask


def net():
    return nn.Sequential(nn.Linear(64, 80), nn.ReLU(), nn.Linear(80, 40), nn.ReLU(), nn.Linear(40, 10))


def linears(model):
    return [m for m in model if isinstance(m, nn.Linear)]


def train(model, x, y, epochs, lr):
    opt = torch.optim.Adam(model.parameters(), lr=lr)  # after pruning the trainable tensors are the weight_orig
    model.train()
    for _ in range(epochs):
        for rows in torch.randperm(len(x)).split(64):
            opt.zero_grad()
            F.cross_entropy(model(x[rows]), y[rows]).backward()
            opt.step()


@torch.no_grad()
def acc(model, x, y):
    model.eval()
    return round((model(x).argmax(1) == y).float().mean().item(), 3)


def sparsity(model):
    return 1 - sum(int((m.weight != 0).sum()) for m in linears(model)) / sum(m.weight.numel() for m in linears(model))


def main(rounds=3, amount=0.5):
    torch.manual_seed(0)
    X, y = load_digits(return_X_y=True)
    xt, xv, yt, yv = (torch.tensor(a) for a in train_test_split(X / 16, y, test_size=0.25, stratify=y, random_state=0))
    xt, xv = xt.float(), xv.float()
    model = net()
    start = copy.deepcopy(model.state_dict())
    for r in range(rounds):
        train(model, xt, yt, 5, 3e-3)
        print(f"round {r} sparsity {sparsity(model):.2f} val {acc(model, xv, yv)}")
        # amount is a share of what is left: 50 %, 75 %, 87.5 %
        prune.global_unstructured([(m, "weight") for m in linears(model)], prune.L1Unstructured, amount=amount)
        with torch.no_grad():  # lottery ticket: the survivors go back to their first values
            for i, m in enumerate(model):
                if isinstance(m, nn.Linear):
                    m.weight_orig.copy_(start[f"{i}.weight"])
                    m.bias.copy_(start[f"{i}.bias"])
    train(model, xt, yt, 8, 3e-3)
    print(f"ticket sparsity {sparsity(model):.3f} val {acc(model, xv, yv)}")

    masks = [m.weight_mask.clone() for m in linears(model)]
    for m in linears(model):
        prune.remove(m, "weight")
    for m, mask in zip(linears(model), masks):
        parametrize.register_parametrization(m, "weight", Masked(mask))
        parametrize.register_parametrization(m, "weight", Quantised(4))
    print(f"4 bits, before tuning {acc(model, xv, yv)}")
    train(model, xt, yt, 4, 1e-3)
    print(f"4 bits, after tuning  {acc(model, xv, yv)}")
    for m in linears(model):
        parametrize.remove_parametrizations(m, "weight")  # leaves the quantised, masked values
        assert m.weight.unique().numel() <= 15
    print(f"baked sparsity {sparsity(model):.3f} val {acc(model, xv, yv)}")


if __name__ == "__main__":
    main()
