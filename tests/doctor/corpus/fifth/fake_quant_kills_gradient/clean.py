import torch
from torch import nn


def fake_quant(w: torch.Tensor, bits: int = 4) -> torch.Tensor:
    """Symmetric per-tensor quantisation to `bits` bits."""
    qmax = 2 ** (bits - 1) - 1
    scale = w.detach().abs().max().clamp_min(1e-8) / qmax
    q = torch.clamp(torch.round(w / scale), -qmax, qmax) * scale
    return w + (q - w).detach()


class QuantLinear(nn.Linear):
    bits = 4

    def forward(self, x):
        return nn.functional.linear(x, fake_quant(self.weight, self.bits), self.bias)


class Net(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.layers = nn.ModuleList(QuantLinear(a, b) for a, b in zip(sizes, sizes[1:]))

    def forward(self, x):
        for layer in self.layers[:-1]:
            x = torch.relu(layer(x))
        return self.layers[-1](x)


def evaluate(net, x, y):
    net.eval()
    with torch.inference_mode():
        return (net(x).argmax(1) == y).float().mean().item()


def main():
    torch.manual_seed(17)
    centres = 1.3 * torch.randn(6, 12)
    y = torch.randint(0, 6, (1400,))
    x = centres[y] + torch.randn(1400, 12)
    xtr, ytr, xte, yte = x[:1100], y[:1100], x[1100:], y[1100:]
    net = Net([12, 48, 48, 6])
    opt = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
    loss_fn = nn.CrossEntropyLoss(label_smoothing=0.05)
    for epoch in range(6):
        net.train()
        for idx in torch.randperm(len(xtr)).split(50):
            loss = loss_fn(net(xtr[idx]), ytr[idx])
            opt.zero_grad()
            loss.backward()
            opt.step()
        print(f"{epoch}: test accuracy with 4-bit weights {evaluate(net, xte, yte):.3f}")


main()
