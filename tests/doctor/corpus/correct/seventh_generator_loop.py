# The training loop is a generator; the caller drives it and may answer with commands.
import itertools
import math
from typing import Generator, NamedTuple

import torch
import torch.nn as nn


class Report(NamedTuple):
    step: int
    train_loss: float
    lr: float


def batches(x, y, size, gen):
    """Endless stream; every pass visits every sample once, the short tail included."""
    while True:
        for idx in torch.randperm(len(x), generator=gen).split(size):
            yield x[idx], y[idx]


def trainer(model, stream, lr, every) -> Generator[Report, str | None, None]:
    opt = torch.optim.Adam(model.parameters(), lr=lr)
    loss_fn = nn.BCEWithLogitsLoss()
    acc, seen = 0.0, 0
    model.train()
    for step in itertools.count(1):
        xb, yb = next(stream)
        loss = loss_fn(model(xb), yb)
        opt.zero_grad()
        loss.backward()
        opt.step()
        acc += loss.item() * len(xb)
        seen += len(xb)
        if step % every == 0:
            command = yield Report(step, acc / seen, opt.param_groups[0]["lr"])
            acc, seen = 0.0, 0
            model.train()
            if command == "halve":
                for group in opt.param_groups:
                    group["lr"] *= 0.5
            elif command == "stop":
                return


@torch.inference_mode()
def evaluate(model, x, y):
    model.eval()
    logit = model(x)
    loss = nn.functional.binary_cross_entropy_with_logits(logit, y).item()
    acc = ((logit > 0) == (y > 0.5)).float().mean().item()
    return loss, acc


def main():
    torch.manual_seed(2)
    n = 1200
    x = torch.rand(n, 2) * 4 - 2
    y = ((x.pow(2).sum(1) < 1.7) ^ (torch.rand(n) < 0.04)).float().unsqueeze(1)
    xt, yt, xv, yv, xs, ys = x[:800], y[:800], x[800:1000], y[800:1000], x[1000:], y[1000:]
    model = nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Dropout(0.1), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 1))

    loop = trainer(model, batches(xt, yt, 48, torch.Generator().manual_seed(0)), lr=1e-2, every=17)
    best, best_state, bad = math.inf, None, 0
    report = next(loop)
    while True:
        val, acc = evaluate(model, xv, yv)
        if val < best - 1e-4:
            best, bad = val, 0
            best_state = {k: v.clone() for k, v in model.state_dict().items()}
            answer = None
        else:
            bad += 1
            answer = "stop" if bad == 9 or report.step > 1000 else ("halve" if bad % 3 == 0 else None)
        try:
            report = loop.send(answer)
        except StopIteration:
            break
    model.load_state_dict(best_state)
    loss, acc = evaluate(model, xs, ys)
    print(f"steps {report.step}, last lr {report.lr:.1e}, best val {best:.4f}, test loss {loss:.4f} acc {acc:.3f}")


if __name__ == "__main__":
    main()
