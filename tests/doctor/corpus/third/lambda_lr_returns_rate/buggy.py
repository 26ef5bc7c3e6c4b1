from typing import Callable, Dict, List

import torch
from torch import nn
from torch.optim.lr_scheduler import LambdaLR

DIM, HEADS, T, CLASSES = 24, 4, 10, 4
PEAK, WARM, TOTAL = 4e-3, 40, 240


def warmup_then_linear(peak: float, warm: int, total: int) -> Callable[[int], float]:
    """Factor of the base rate at an update."""
    def at(update: int) -> float:
        up = min(1.0, (update + 1) / warm)
        down = max(0.0, (total - update) / max(1, total - warm))
        factor = min(up, down)
        return peak * factor
    return at


class TinyTransformer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.tok = nn.Embedding(16, DIM)
        self.pos = nn.Parameter(0.02 * torch.randn(T, DIM))
        layer = nn.TransformerEncoderLayer(DIM, HEADS, 2 * DIM, dropout=0.0, batch_first=True, norm_first=True)
        self.body = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.out = nn.Sequential(nn.LayerNorm(DIM), nn.Linear(DIM, CLASSES))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.out(self.body(self.tok(x) + self.pos).mean(1))


def sequences(n: int):
    # the class is the most frequent of the tokens 0..3
    x = torch.randint(16, (n, T))
    planted = torch.randint(CLASSES, (n,))
    where = torch.rand(n, T).argsort(1)[:, :3]
    x[x < CLASSES] = 15
    x.scatter_(1, where, planted.unsqueeze(1).expand(-1, 3))
    return x, planted


class Meter:
    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self.total, self.count = 0.0, 0

    def add(self, value: float, n: int) -> None:
        self.total += value * n
        self.count += n

    @property
    def mean(self) -> float:
        return self.total / self.count


def train(model: nn.Module, log: List[Dict[str, float]], every: int = 40, batch: int = 32) -> None:
    opt = torch.optim.AdamW(model.parameters(), lr=PEAK, betas=(0.9, 0.98))
    sched = LambdaLR(opt, warmup_then_linear(PEAK, WARM, TOTAL))
    meter = Meter()
    model.train()
    for update in range(1, TOTAL + 1):
        x, y = sequences(batch)
        loss = nn.functional.cross_entropy(model(x), y)
        opt.zero_grad()
        loss.backward()
        opt.step()
        meter.add(loss.item(), batch)
        if update % every == 0:
            log.append({"update": update, "loss": meter.mean, "lr": opt.param_groups[0]["lr"]})
            meter.reset()
        sched.step()


if __name__ == "__main__":
    torch.manual_seed(55)
    log: List[Dict[str, float]] = []
    model = TinyTransformer()
    train(model, log)
    for row in log:
        print("update {update:4d}  mean loss {loss:.4f}  lr {lr:.2e}".format(**row))
    model.eval()
    x, y = sequences(500)
    with torch.no_grad():
        print("fresh-data accuracy %.3f" % (model(x).argmax(1) == y).float().mean())
