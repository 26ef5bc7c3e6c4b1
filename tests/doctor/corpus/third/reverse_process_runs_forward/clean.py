import torch
import torch.nn as nn

T = 50
beta = torch.linspace(1e-4, 0.2, T)
alpha = 1.0 - beta
alpha_bar = alpha.cumprod(0)


class Denoiser(nn.Module):
    def __init__(self, hidden=96):
        super().__init__()
        self.time = nn.Embedding(T, hidden)
        self.inp = nn.Linear(2, hidden)
        self.mid = nn.Linear(hidden, hidden)
        self.out = nn.Linear(hidden, 2)

    def forward(self, x, t):
        h = torch.relu(self.inp(x) + self.time(t))
        h = h + torch.relu(self.mid(h))
        return self.out(h)


def two_clusters(n):
    side = torch.randint(0, 2, (n, 1)) * 2.0 - 1.0
    return torch.cat([side, -side], 1) + 0.1 * torch.randn(n, 2)


def train_step(model, opt, x0):
    t = torch.randint(0, T, (len(x0),))
    eps = torch.randn_like(x0)
    ab = alpha_bar[t].unsqueeze(1)
    xt = ab.sqrt() * x0 + (1 - ab).sqrt() * eps
    loss = ((model(xt, t) - eps) ** 2).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    return loss.item()


@torch.no_grad()
def p_sample_loop(model, n):
    model.eval()
    x = torch.randn(n, 2)
    for i in reversed(range(T)):
        t = torch.full((n,), i)
        mean = (x - beta[i] / (1 - alpha_bar[i]).sqrt() * model(x, t)) / alpha[i].sqrt()
        x = mean + beta[i].sqrt() * torch.randn_like(x) if i > 0 else mean
    return x


if __name__ == "__main__":
    torch.manual_seed(0)
    model = Denoiser()
    opt = torch.optim.Adam(model.parameters(), lr=2e-3)
    model.train()
    avg = 0.0
    for step in range(1, 651):
        avg += (train_step(model, opt, two_clusters(128)) - avg) / min(step, 100)
    print("loss (running mean)", round(avg, 4))
    x = p_sample_loop(model, 500)
    dist = torch.stack([(x - torch.tensor(c)).norm(dim=1) for c in ([1.0, -1.0], [-1.0, 1.0])]).amin(0)
    print("samples within 0.4 of a cluster:", (dist < 0.4).float().mean().item())
