"""SAM (Sharpness-Aware Minimization) 옵티마이저: 한 스텝에 순전파/역전파를 두 번 한다."""
from contextlib import contextmanager

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset


class SAM(torch.optim.Optimizer):
    def __init__(self, params, base_cls, rho=0.05, **kw):
        super().__init__(params, dict(rho=rho, **kw))
        self.base = base_cls(self.param_groups, **kw)
        self.param_groups = self.base.param_groups   # 학습률 스케줄이 두 곳에 함께 적용되도록 공유

    @torch.no_grad()
    def ascend(self):
        norm = torch.stack([p.grad.norm() for g in self.param_groups for p in g["params"] if p.grad is not None]).norm()
        for g in self.param_groups:
            scale = g["rho"] / (norm + 1e-12)
            for p in g["params"]:
                if p.grad is not None:
                    self.state[p]["old"] = p.clone()
                    p.add_(p.grad * scale)

    @torch.no_grad()
    def descend(self):
        for g in self.param_groups:
            for p in g["params"]:
                if p.grad is not None:
                    p.copy_(self.state[p].pop("old"))
        self.base.step()

    @torch.no_grad()
    def step(self, closure, perturbed):
        with torch.enable_grad():
            loss = closure()      # 첫 번째 기울기
        self.ascend()
        self.zero_grad()
        with torch.enable_grad():
            perturbed()           # 교란된 지점에서의 기울기
        self.descend()
        self.zero_grad()
        return loss


@contextmanager
def frozen_bn_statistics(model):
    """두 번째 순전파에서 BatchNorm 이동 통계가 다시 갱신되지 않도록 momentum 을 잠시 0 으로 둔다."""
    saved = {m: m.momentum for m in model.modules() if isinstance(m, nn.BatchNorm1d)}
    for m in saved:
        m.momentum = 0.0
    try:
        yield
    finally:
        for m, value in saved.items():
            m.momentum = value


def rings(n, gen):
    y = torch.randint(0, 3, (n,), generator=gen)
    r = 1.0 + y + 0.3 * torch.randn(n, generator=gen)
    a = 6.2832 * torch.rand(n, generator=gen)
    return torch.stack([r * a.cos(), r * a.sin()], 1), y


def accuracy(model, dl):
    model.eval()
    with torch.no_grad():
        return sum((model(x).argmax(1) == y).sum().item() for x, y in dl) / len(dl.dataset)


def main():
    torch.manual_seed(64)
    gen = torch.Generator().manual_seed(64)
    train = DataLoader(TensorDataset(*rings(600, gen)), batch_size=50, shuffle=True)
    val = DataLoader(TensorDataset(*rings(400, gen)), batch_size=200)
    model = nn.Sequential(nn.Linear(2, 48), nn.BatchNorm1d(48), nn.ReLU(), nn.Linear(48, 48), nn.ReLU(), nn.Linear(48, 3))
    opt = SAM(model.parameters(), torch.optim.SGD, rho=0.05, lr=0.1, momentum=0.9)
    epochs = 10
    sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt.base, T_max=epochs)
    for epoch in range(epochs):
        model.train()
        for x, y in train:
            def closure():
                loss = F.cross_entropy(model(x), y)
                loss.backward()
                return loss

            def perturbed():
                with frozen_bn_statistics(model):
                    return closure()

            opt.zero_grad()
            loss = opt.step(closure, perturbed)
        sched.step()
        print(f"에폭 {epoch}: 손실 {loss.item():.3f} 검증 정확도 {accuracy(model, val):.3f}")


if __name__ == "__main__":
    main()
