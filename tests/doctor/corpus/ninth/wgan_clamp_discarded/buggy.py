import torch
from torch import nn

torch.manual_seed(21)
CLIP, N_CRITIC, NOISE = 0.05, 5, 4


def real_batch(n):
    angle = torch.randint(0, 6, (n,)) * (torch.pi / 3)
    centre = torch.stack([angle.cos(), angle.sin()], dim=1)
    return centre + 0.05 * torch.randn(n, 2)


def mlp(n_in, n_out):
    return nn.Sequential(nn.Linear(n_in, 64), nn.LeakyReLU(0.2), nn.Linear(64, 64), nn.LeakyReLU(0.2), nn.Linear(64, n_out))


G, D = mlp(NOISE, 2), mlp(2, 1)
opt_g = torch.optim.RMSprop(G.parameters(), lr=5e-4)
opt_d = torch.optim.RMSprop(D.parameters(), lr=5e-4)


def critic_step(n=64):
    fake = G(torch.randn(n, NOISE)).detach()
    loss = D(fake).mean() - D(real_batch(n)).mean()
    opt_d.zero_grad()
    loss.backward()
    opt_d.step()
    with torch.no_grad():
        for p in D.parameters():
            p.clamp(-CLIP, CLIP)
    return -loss.item()


def generator_step(n=64):
    D.requires_grad_(False)
    loss = -D(G(torch.randn(n, NOISE))).mean()
    opt_g.zero_grad()
    loss.backward()
    opt_g.step()
    D.requires_grad_(True)


G.train()
D.train()
for it in range(1, 121):
    estimates = [critic_step() for _ in range(N_CRITIC)]
    generator_step()
    if it % 30 == 0:
        print(f"iter {it:4d}  wasserstein estimate {sum(estimates) / N_CRITIC:.4f}")

G.eval()
with torch.no_grad():
    samples = G(torch.randn(500, NOISE))
print("mean radius of the samples", samples.norm(dim=1).mean().item())
