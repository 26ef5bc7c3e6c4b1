"""Complex-valued learning: a multi-tap equaliser for a QPSK channel with an I/Q phase offset."""
import torch
from torch import nn


class ComplexFIR(nn.Module):
    """y[t] = sum_k w[k] x[t + k - taps//2], complex weights stored as real pairs."""

    def __init__(self, taps):
        super().__init__()
        init = torch.zeros(taps, 2)
        init[taps // 2, 0] = 1.0                    # identity filter
        self.raw = nn.Parameter(init)
        self.taps = taps

    @property
    def weight(self):
        return torch.view_as_complex(self.raw)

    def forward(self, x):
        half = self.taps // 2
        x = torch.view_as_complex(nn.functional.pad(torch.view_as_real(x), (0, 0, half, half)))
        return x.unfold(-1, self.taps, 1) @ self.weight


def modReLU(z, bias):
    """Acts on the modulus and leaves the phase alone."""
    mag = z.abs()
    return z * (torch.relu(mag + bias) / mag.clamp_min(1e-6))


class Equaliser(nn.Module):
    def __init__(self, taps=9):
        super().__init__()
        self.first, self.second = ComplexFIR(taps), ComplexFIR(taps)
        self.bias = nn.Parameter(torch.zeros(()))

    def forward(self, x):
        return self.second(modReLU(self.first(x), self.bias))


POINTS = torch.tensor([1 + 1j, -1 + 1j, -1 - 1j, 1 - 1j], dtype=torch.complex64) / 2 ** 0.5


def transmit(frames, length, gen, snr_db=18.0):
    symbols = torch.randint(0, 4, (frames, length), generator=gen)
    s = POINTS[symbols]
    h = torch.tensor([0.15 - 0.1j, 1.0 + 0j, 0.35 + 0.25j, -0.12 + 0.05j], dtype=torch.complex64)
    pad = torch.zeros(frames, 3, dtype=torch.complex64)
    mixed = sum(h[k] * torch.cat([pad, s], 1)[:, 3 - k:3 - k + length] for k in range(4))
    mixed = mixed * torch.polar(torch.tensor(1.0), torch.tensor(0.4))
    noise = torch.randn(frames, length, dtype=torch.complex64, generator=gen) * 10 ** (-snr_db / 20)
    return mixed + noise, symbols


def loss_fn(out, symbols):
    """Mean squared modulus of the error: real although its argument is complex."""
    return (out - POINTS[symbols]).abs().square().mean()


@torch.no_grad()
def symbol_error_rate(model, x, symbols):
    model.eval()
    decided = (model(x).unsqueeze(-1) - POINTS).abs().argmin(-1)
    return (decided != symbols).float().mean().item()


def main():
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(21)
    x, sym = transmit(200, 64, gen)
    x_test, sym_test = transmit(100, 64, gen)
    model = Equaliser()
    raw = ((x_test.unsqueeze(-1) - POINTS).abs().argmin(-1) != sym_test).float().mean()
    opt = torch.optim.Adam(model.parameters(), lr=5e-3)
    for epoch in range(15):
        model.train()
        total = 0.0
        for idx in torch.randperm(200).split(20):
            loss = loss_fn(model(x[idx]), sym[idx])
            opt.zero_grad()
            loss.backward()
            opt.step()
            total += loss.item() * len(idx)
        if epoch % 5 == 4:
            print(f"epoch {epoch + 1} mse {total / 200:.4f}")
    print(f"symbol errors: raw {raw:.3f}, equalised {symbol_error_rate(model, x_test, sym_test):.4f}")


if __name__ == "__main__":
    main()
