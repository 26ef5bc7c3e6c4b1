import torch
from torch import nn


class Reservoir(nn.Module):
    """The recurrent weights stay random on purpose; only the readout is fitted."""

    def __init__(self, n=80, radius=0.9):
        super().__init__()
        w = torch.randn(n, n)
        self.register_buffer("w", w * radius / torch.linalg.eigvals(w).abs().max())
        self.register_buffer("w_in", torch.rand(n, 1) - 0.5)

    @torch.no_grad()
    def forward(self, u):
        h, out = torch.zeros(len(self.w)), []
        for v in u:
            h = torch.tanh(self.w @ h + self.w_in @ v.view(1))
            out.append(h)
        return torch.stack(out)


torch.manual_seed(40)
s = torch.sin(torch.arange(401) * 0.2) * torch.cos(torch.arange(401) * 0.031)
states = Reservoir()(s[:-1])
H, Y = states[50:300], s[51:301]
readout = torch.linalg.solve(H.T @ H + 1e-4 * torch.eye(80), H.T @ Y)
print("test mse", (states[300:] @ readout - s[301:]).pow(2).mean().item())
