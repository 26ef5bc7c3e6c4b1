# 多任务学习：同一个编码器，两个输出头（分类 + 回归）
import torch
import torch.nn as nn
import torch.nn.functional as F

HEADS = {
    "kind": {"out": 3, "loss": "cross_entropy", "weight": 1.0},
    "size": {"out": 1, "loss": "smooth_l1_loss", "weight": 2.0},
}


class MultiTask(nn.Module):
    def __init__(self, n_in, width, heads):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(n_in, width), nn.ReLU(), nn.LayerNorm(width))
        self.heads = {name: nn.Linear(width, spec["out"]) for name, spec in heads.items()}

    def forward(self, x):
        h = self.trunk(x)
        return {name: head(h) for name, head in self.heads.items()}


def total_loss(outputs, targets, specs):
    total = 0.0
    for name, spec in specs.items():
        fn = getattr(F, spec["loss"])
        total = total + spec["weight"] * fn(outputs[name], targets[name])
    return total


def flowers(n, gen):
    """花的测量值：种类决定均值，大小决定尺度"""
    kind = torch.randint(0, 3, (n,), generator=gen)
    size = 0.5 + torch.rand(n, 1, generator=gen)
    shape = torch.tensor([[5.0, 3.4, 1.5, 0.3], [5.9, 2.8, 4.3, 1.3], [6.6, 3.0, 5.5, 2.0]])[kind]
    x = size * shape + 0.25 * torch.randn(n, 4, generator=gen)
    return x, {"kind": kind, "size": size}


def select(targets, idx):
    return {k: v[idx] for k, v in targets.items()}


def report(model, x, targets):
    model.eval()
    with torch.no_grad():
        out = model(x)
    acc = (out["kind"].argmax(1) == targets["kind"]).float().mean().item()
    mae = (out["size"] - targets["size"]).abs().mean().item()
    return acc, mae


def main():
    gen = torch.Generator().manual_seed(16)
    torch.manual_seed(16)
    x_train, t_train = flowers(1200, gen)
    x_test, t_test = flowers(400, gen)
    model = MultiTask(4, 32, HEADS)
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for epoch in range(1, 13):
        model.train()
        for idx in torch.randperm(len(x_train)).split(60):
            optimizer.zero_grad()
            loss = total_loss(model(x_train[idx]), select(t_train, idx), HEADS)
            loss.backward()
            optimizer.step()
        if epoch % 4 == 0:
            print("第 %d 轮  准确率 %.3f  MAE %.3f" % (epoch, *report(model, x_test, t_test)))


if __name__ == "__main__":
    main()
