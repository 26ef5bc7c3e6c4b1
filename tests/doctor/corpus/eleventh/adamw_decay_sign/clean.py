import torch
from torch import nn
from torch.optim import Optimizer


class MyAdamW(Optimizer):
    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
        super().__init__(params, dict(lr=lr, betas=betas, eps=eps, weight_decay=weight_decay))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            b1, b2 = group["betas"]
            lr, wd, eps = group["lr"], group["weight_decay"], group["eps"]
            for p in group["params"]:
                if p.grad is None:
                    continue
                st = self.state[p]
                if not st:
                    st["t"] = 0
                    st["m"] = torch.zeros_like(p)
                    st["v"] = torch.zeros_like(p)
                st["t"] += 1
                st["m"].mul_(b1).add_(p.grad, alpha=1 - b1)
                st["v"].mul_(b2).addcmul_(p.grad, p.grad, value=1 - b2)
                m_hat = st["m"] / (1 - b1 ** st["t"])
                v_hat = st["v"] / (1 - b2 ** st["t"])
                p -= lr * m_hat / (v_hat.sqrt() + eps) + lr * wd * p


def main():
    torch.manual_seed(3)
    x = torch.randn(260, 40)
    y = x[:, :1] - x[:, 1:2] + 0.8 * torch.randn(260, 1)
    xt, yt, xv, yv = x[:130], y[:130], x[130:], y[130:]
    model = nn.Sequential(nn.Linear(40, 64), nn.ReLU(), nn.Linear(64, 1))
    decay = [p for p in model.parameters() if p.ndim == 2]
    rest = [p for p in model.parameters() if p.ndim != 2]
    opt = MyAdamW([{"params": decay}, {"params": rest, "weight_decay": 0.0}], lr=3e-3, weight_decay=0.5)
    for epoch in range(12):
        model.train()
        for idx in torch.randperm(130).split(26):
            opt.zero_grad()
            nn.functional.mse_loss(model(xt[idx]), yt[idx]).backward()
            opt.step()
    model.eval()
    with torch.no_grad():
        print("train mse", nn.functional.mse_loss(model(xt), yt).item())
        print("val mse", nn.functional.mse_loss(model(xv), yv).item())
        print("weight norm", sum(p.norm() ** 2 for p in decay).sqrt().item())


if __name__ == "__main__":
    main()
