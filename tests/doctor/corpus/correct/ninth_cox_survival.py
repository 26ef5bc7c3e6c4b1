"""DeepSurv-like Cox regression. The partial likelihood needs a whole risk set, so training is full batch on purpose."""
import numpy as np
import torch
from torch import nn


def simulate(n, rng):
    x = rng.normal(size=(n, 5)).astype(np.float32)
    x[:, 1] = 60 + 10 * x[:, 1]
    risk = 0.9 * x[:, 0] + 0.6 * ((x[:, 1] - 60) / 10) ** 2 - 0.7 * x[:, 2] * (x[:, 3] > 0)
    death = rng.exponential(np.exp(-risk))
    censor = rng.exponential(1.5, n)
    return x, np.minimum(death, censor).astype(np.float32), (death <= censor).astype(np.float32)


def cox_nll(log_risk, time, event):
    """Breslow: for each event, log-risk minus logsumexp over everybody still at risk."""
    order = torch.argsort(time, descending=True)
    lr, ev = log_risk[order], event[order]
    return -((lr - torch.logcumsumexp(lr, dim=0)) * ev).sum() / ev.sum()


def concordance(log_risk, time, event):
    earlier = (time[:, None] < time[None, :]) & (event[:, None] == 1)
    right = (log_risk[:, None] > log_risk[None, :]).float()
    tie = 0.5 * (log_risk[:, None] == log_risk[None, :]).float()
    return ((right + tie) * earlier).sum().item() / earlier.sum().item()


class DeepSurv(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(d, 32), nn.SELU(), nn.AlphaDropout(0.05), nn.Linear(32, 16), nn.SELU(),
                                 nn.Linear(16, 1, bias=False))
        for m in self.net:
            if isinstance(m, nn.Linear):
                nn.init.kaiming_normal_(m.weight, nonlinearity="linear")

    def forward(self, x):
        return self.net(x).squeeze(-1)


def main():
    rng = np.random.default_rng(14)
    torch.manual_seed(14)
    parts = {name: simulate(n, rng) for name, n in (("train", 700), ("val", 250), ("test", 250))}
    mu, sd = parts["train"][0].mean(0), parts["train"][0].std(0)
    data = {k: (torch.from_numpy((x - mu) / sd), torch.from_numpy(t), torch.from_numpy(e)) for k, (x, t, e) in parts.items()}

    model = DeepSurv(5)
    opt = torch.optim.AdamW(model.parameters(), lr=1e-2, weight_decay=1e-2)
    x, t, e = data["train"]
    best_c, best = 0.0, None
    for epoch in range(80):
        model.train()
        opt.zero_grad()
        loss = cox_nll(model(x), t, e)
        loss.backward()
        opt.step()
        if epoch % 5 == 4:
            model.eval()
            with torch.no_grad():
                vx, vt, ve = data["val"]
                c = concordance(model(vx), vt, ve)
            if c > best_c:
                best_c = c
                best = {k: v.detach().clone() for k, v in model.state_dict().items()}
            if epoch % 20 == 19:
                print(f"epoch {epoch + 1} loss {loss.item():.3f} val C-index {c:.3f}")
    model.load_state_dict(best)
    model.eval()
    with torch.no_grad():
        tx, tt, te = data["test"]
        print(f"test C-index {concordance(model(tx), tt, te):.3f}, censored {1 - te.mean().item():.2f}")


if __name__ == "__main__":
    main()
