import io
from typing import Any

import torch
import torch.nn as nn
import torch.nn.functional as F


class Run:
    """Training that can be interrupted; best weights by validation loss."""

    def __init__(self, data: dict[str, torch.Tensor], lr: float) -> None:
        self.data = data
        self.net = nn.Sequential(nn.Linear(8, 96), nn.ReLU(), nn.Linear(96, 1))
        self.opt = torch.optim.Adam(self.net.parameters(), lr=lr)
        self.epoch = 0
        self.best = float("inf")
        self.best_net: dict[str, torch.Tensor] = {}
        self.order = torch.Generator().manual_seed(123)

    # -- persistence ------------------------------------------------------
    def dump(self) -> bytes:
        buf = io.BytesIO()
        torch.save(
            {
                "net": self.net.state_dict(),
                "opt": self.opt.state_dict(),
                "epoch": self.epoch,
                "best": self.best,
                "best_net": self.best_net,
                "order": self.order.get_state(),
            },
            buf,
        )
        return buf.getvalue()

    def restore(self, blob: bytes, lr: float | None = None) -> "Run":
        ck: dict[str, Any] = torch.load(io.BytesIO(blob), weights_only=True)
        self.net.load_state_dict(ck["net"])
        self.opt.load_state_dict(ck["opt"])
        self.epoch = ck["epoch"]
        self.best = ck["best"]
        self.best_net = ck["best_net"]
        self.order.set_state(ck["order"])
        if lr is not None:
            for group in self.opt.param_groups:
                group["lr"] = lr
        return self

    # -- training ---------------------------------------------------------
    def validate(self) -> float:
        self.net.eval()
        with torch.no_grad():
            return F.l1_loss(self.net(self.data["xv"]), self.data["yv"]).item()

    def train(self, until: int) -> None:
        x, y = self.data["x"], self.data["y"]
        while self.epoch < until:
            self.net.train()
            for idx in torch.randperm(len(x), generator=self.order).split(32):
                loss = F.l1_loss(self.net(x[idx]), y[idx])
                self.opt.zero_grad()
                loss.backward()
                self.opt.step()
            self.epoch += 1
            now = self.validate()
            if now < self.best:
                self.best = now
                self.best_net = {k: v.clone() for k, v in self.net.state_dict().items()}


def make(n: int) -> tuple[torch.Tensor, torch.Tensor]:
    x = torch.randn(n, 8)
    return x, (x[:, :2].prod(1) + x[:, 2].abs() + 0.3 * torch.randn(n)).unsqueeze(1)


torch.manual_seed(64)
(x, y), (xv, yv) = make(320), make(200)
tensors = {"x": x, "y": y, "xv": xv, "yv": yv}
first = Run(tensors, lr=2e-2)
first.train(until=25)
saved = first.dump()
print(f"interrupted at {first.epoch}, best {first.best:.4f}")

second = Run(tensors, lr=2e-3).restore(saved, lr=2e-3)
second.train(until=35)
second.net.load_state_dict(second.best_net)
print(f"lr {second.opt.param_groups[0]['lr']}, final {second.validate():.4f}")
