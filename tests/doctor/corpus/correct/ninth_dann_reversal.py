"""DANN: 기울기 반전 층(사용자 정의 autograd)으로 도메인에 무관한 특징을 학습한다.

대상 도메인의 레이블은 학습에 쓰지 않고 평가에만 쓴다."""
import argparse
import math

import torch
from torch import nn
import torch.nn.functional as F


class GradReverse(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, lam):
        ctx.lam = lam
        return x.view_as(x)

    @staticmethod
    def backward(ctx, grad):
        return -ctx.lam * grad, None


class DANN(nn.Module):
    def __init__(self, d, h=32):
        super().__init__()
        self.feature = nn.Sequential(nn.Linear(d, h), nn.ReLU(), nn.Linear(h, h), nn.ReLU())
        self.label = nn.Linear(h, 2)
        self.domain = nn.Sequential(nn.Linear(h, h), nn.ReLU(), nn.Linear(h, 1))

    def forward(self, x, lam=0.0):
        f = self.feature(x)
        return self.label(f), self.domain(GradReverse.apply(f, lam)).squeeze(1)


def domain_data(n, shift, gen):
    """앞의 두 축은 클래스 정보, 나머지 축은 도메인마다 다르게 클래스와 얽혀 있다."""
    y = torch.randint(0, 2, (n,), generator=gen)
    s = (2.0 * y - 1)[:, None]
    x = torch.randn(n, 6, generator=gen)
    x[:, :2] += 1.2 * s
    x[:, 2:4] += shift
    x[:, 4:] += 0.3 * shift * s
    return x, y


def endless(x, y, bs, gen):
    while True:
        for idx in torch.randperm(len(x), generator=gen).split(bs):
            if len(idx) == bs:
                yield x[idx], y[idx]


@torch.no_grad()
def accuracy(model, x, y):
    model.eval()
    logits, _ = model(x)
    model.train()
    return (logits.argmax(1) == y).float().mean().item()


def train(source, target, steps, adapt, seed):
    torch.manual_seed(seed)
    gen = torch.Generator().manual_seed(seed)
    model = DANN(6)
    opt = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    # 원 논문의 학습률 감쇠
    sched = torch.optim.lr_scheduler.LambdaLR(opt, lambda i: (1 + 10 * i / steps) ** -0.75)
    src, tgt = endless(*source, 32, gen), endless(*target, 32, gen)
    model.train()
    for i in range(steps):
        (xs, ys), (xt, _) = next(src), next(tgt)
        lam = (2 / (1 + math.exp(-10 * i / steps)) - 1) if adapt else 0.0
        logits, ds = model(xs, lam)
        loss = F.cross_entropy(logits, ys)
        if adapt:
            _, dt = model(xt, lam)
            d = torch.cat([ds, dt])
            truth = torch.cat([torch.zeros_like(ds), torch.ones_like(dt)])
            loss = loss + F.binary_cross_entropy_with_logits(d, truth)
        opt.zero_grad()
        loss.backward()
        opt.step()
        sched.step()
    return model


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--steps", type=int, default=350)
    ap.add_argument("--seed", type=int, default=4)
    args = ap.parse_args()
    gen = torch.Generator().manual_seed(args.seed)
    source = domain_data(1000, 1.5, gen)
    target = domain_data(1000, -1.5, gen)
    held_out = domain_data(600, -1.5, gen)
    mean, std = source[0].mean(0), source[0].std(0)   # 원천 도메인의 통계만 사용
    norm = lambda d: ((d[0] - mean) / std, d[1])
    source, target, held_out = norm(source), norm(target), norm(held_out)
    for adapt in (False, True):
        model = train(source, target, args.steps, adapt, args.seed)
        name = "DANN" if adapt else "원천만"
        print(f"{name}: 원천 정확도 {accuracy(model, *source):.3f}, 대상 정확도 {accuracy(model, *held_out):.3f}")


if __name__ == "__main__":
    main()
