# 早停示例：对一条带噪声的非线性关系做回归，训练集很小，容易过拟合
import math
from collections import OrderedDict

import torch
import torch.nn as nn


class EarlyStopper:
    """验证误差连续 patience 次没有改善就停止，并保存最优权重"""

    def __init__(self, patience=25, min_delta=0.0):
        self.patience, self.min_delta = patience, min_delta
        self.best = math.inf
        self.wait = 0
        self.weights = OrderedDict()
        self.epoch = -1

    def __call__(self, epoch, score, net):
        if score < self.best - self.min_delta:
            self.best, self.wait, self.epoch = score, 0, epoch
            self.weights = self.snapshot(net)
            return False
        self.wait += 1
        return self.wait >= self.patience

    @staticmethod
    def snapshot(net):
        return OrderedDict((k, v.detach().clone()) for k, v in net.state_dict().items())


def target_fn(x):
    return torch.sin(3 * x[:, :1]) + 0.5 * x[:, 1:2] ** 2


def build():
    return nn.Sequential(
        nn.Linear(6, 128), nn.Tanh(),
        nn.Linear(128, 128), nn.Tanh(),
        nn.Linear(128, 1),
    )


def evaluate(net, x, y, crit):
    net.eval()
    with torch.no_grad():
        return crit(net(x), y).item()


def main():
    torch.manual_seed(6)
    # 训练 / 验证 / 测试
    x = torch.rand(660, 6) * 2 - 1
    y = target_fn(x) + 0.3 * torch.randn(660, 1)
    (xa, xb, xc), (ya, yb, yc) = (t.split([60, 200, 400]) for t in (x, y))

    net, crit = build(), nn.MSELoss()
    opt = torch.optim.Adam(net.parameters(), lr=2e-3)
    stopper = EarlyStopper()

    for epoch in range(400):
        net.train()
        for idx in torch.randperm(len(xa)).split(20):
            opt.zero_grad()
            loss = crit(net(xa[idx]), ya[idx])
            loss.backward()
            opt.step()
        if stopper(epoch, evaluate(net, xb, yb, crit), net):
            break

    print(f"停止于第 {epoch} 轮，最优轮 {stopper.epoch}，验证 MSE {stopper.best:.4f}")
    net.load_state_dict(stopper.weights)
    print(f"恢复后验证 MSE {evaluate(net, xb, yb, crit):.4f}，测试 MSE {evaluate(net, xc, yc, crit):.4f}")


main()
