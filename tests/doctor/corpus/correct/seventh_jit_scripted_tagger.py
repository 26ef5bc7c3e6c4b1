"""A scripted recurrent cell with a loop and state, trained, saved and loaded as TorchScript."""
import io
import warnings
from typing import List, Optional, Tuple

import torch
from torch import nn, Tensor

warnings.filterwarnings("ignore", category=DeprecationWarning)   # torch.jit is in maintenance


class PeepholeCell(nn.Module):
    def __init__(self, d_in: int, hid: int):
        super().__init__()
        self.x = nn.Linear(d_in, 3 * hid)
        self.h = nn.Linear(hid, 3 * hid, bias=False)
        self.peep = nn.Parameter(torch.zeros(hid))

    def forward(self, x: Tensor, h: Tensor, c: Tensor) -> Tuple[Tensor, Tensor]:
        f, o, z = (self.x(x) + self.h(h)).chunk(3, dim=-1)
        f = torch.sigmoid(f + 1.0 + self.peep * c)
        c = f * c + (1 - f) * torch.tanh(z)
        return torch.sigmoid(o) * torch.tanh(c), c


class Counter(nn.Module):
    """Says at each position whether the number of ones so far is a multiple of three."""

    def __init__(self, hid: int = 32):
        super().__init__()
        self.hid = hid
        self.emb = nn.Embedding(2, 8)
        self.cell = PeepholeCell(8, hid)
        self.drop = nn.Dropout(0.05)
        self.out = nn.Linear(hid, 3)

    def forward(self, x: Tensor, state: Optional[Tuple[Tensor, Tensor]] = None) -> Tuple[Tensor, Tuple[Tensor, Tensor]]:
        if state is None:
            zero = torch.zeros(x.size(0), self.hid)
            h, c = zero, zero
        else:
            h, c = state
        e = self.emb(x)
        steps: List[Tensor] = []
        for t in range(x.size(1)):
            h, c = self.cell(e[:, t], h, c)
            steps.append(h)
        return self.out(self.drop(torch.stack(steps, dim=1))), (h, c)


def draw(n: int, length: int, gen: torch.Generator) -> Tuple[Tensor, Tensor]:
    x = torch.randint(0, 2, (n, length), generator=gen)
    return x, x.cumsum(1) % 3


def accuracy(model, x: Tensor, y: Tensor) -> float:
    model.eval()
    with torch.no_grad():
        logits, _ = model(x)
    model.train()
    return (logits.argmax(-1) == y).float().mean().item()


def main() -> None:
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(0)
    model = torch.jit.script(Counter())
    x_test, y_test = draw(300, 20, torch.Generator().manual_seed(123))
    opt = torch.optim.Adam(model.parameters(), lr=1e-2)
    for step in range(120):
        x, y = draw(64, 20, gen)                # fresh sequences at every step
        logits, _ = model(x)
        loss = nn.functional.cross_entropy(logits.flatten(0, 1), y.flatten())
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        opt.step()
    acc = accuracy(model, x_test, y_test)

    buf = io.BytesIO()
    model.eval()
    torch.jit.save(model, buf)
    buf.seek(0)
    loaded = torch.jit.load(buf).eval()
    with torch.no_grad():
        whole, _ = loaded(x_test)
        first, state = loaded(x_test[:, :3])
        second, _ = loaded(x_test[:, 3:], state)    # carried state
    torch.testing.assert_close(whole, torch.cat([first, second], 1))
    print(f"loss {loss.item():.3f} accuracy {acc:.3f}, saved {buf.getbuffer().nbytes} bytes")


if __name__ == "__main__":
    main()
