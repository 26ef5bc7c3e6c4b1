# %% [markdown]
# One backbone, learned on a source task and then kept fixed; two heads on top of it.

# %%
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(13)
mix = torch.randn(30, 6) / 6 ** 0.5


def latent_task(n, w):
    z = torch.randn(n, 6)
    x = torch.tanh(z @ mix.T) + 0.3 * torch.randn(n, 30)
    return x, (z @ w).argmax(1)


# %%
class Net(nn.Module):
    def __init__(self, n_out):
        super().__init__()
        self.stem = nn.Sequential(nn.Linear(30, 48), nn.ReLU())
        self.body = nn.Sequential(nn.Linear(48, 12), nn.Tanh())
        self.head = nn.Linear(12, n_out)

    def forward(self, x):
        return self.head(self.body(self.stem(x)))


def fit(net, x, y, epochs, lr, bs):
    opt = torch.optim.Adam([p for p in net.parameters() if p.requires_grad], lr=lr)
    net.train()
    for _ in range(epochs):
        for idx in torch.randperm(len(x)).split(bs):
            opt.zero_grad()
            F.cross_entropy(net(x[idx]), y[idx]).backward()
            opt.step()


# %%
src_w, tgt_w = torch.randn(6, 8), torch.randn(6, 2)
net = Net(8)
fit(net, *latent_task(2000, src_w), epochs=8, lr=3e-3, bs=50)

# %%
for block in (net.stem, net.body):
    block.requires_grad_(False)
src_head, net.head = net.head, nn.Linear(12, 2)
few_x, few_y = latent_task(40, tgt_w)
fit(net, few_x, few_y, epochs=60, lr=0.01, bs=8)

# %%
net.eval()
with torch.no_grad():
    for name, head, w in (("target", net.head, tgt_w), ("source", src_head, src_w)):
        x, y = latent_task(1000, w)
        pred = head(net.body(net.stem(x))).argmax(1)
        print(name, "accuracy", (pred == y).float().mean().item())
