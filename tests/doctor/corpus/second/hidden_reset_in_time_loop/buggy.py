import torch
import torch.nn as nn

torch.manual_seed(2)


# Zelle einer einfachen Elman-RNN, von Hand geschrieben
class Elman(nn.Module):
    def __init__(self, n_in, n_hidden, n_out):
        super().__init__()
        self.n_hidden = n_hidden
        self.i2h = nn.Linear(n_in + n_hidden, n_hidden)
        self.h2o = nn.Linear(n_hidden, n_out)

    def init_hidden(self, batch):
        return torch.zeros(batch, self.n_hidden)

    def step(self, x, h):
        return torch.tanh(self.i2h(torch.cat([x, h], dim=1)))

    def forward(self, x):
        h = self.init_hidden(x.size(0))
        for t in range(x.size(1)):
            h = self.step(x[:, t], self.init_hidden(x.size(0)))
        return self.h2o(h)


def parity_like(n):
    bits = torch.randint(0, 2, (n, 6)).float()
    weight = torch.tensor([3.0, -2.0, 2.0, 1.0, -1.0, 1.0])
    return bits.unsqueeze(-1), ((bits * weight).sum(1) > 1.5).long()


x, y = parity_like(1200)
x_val, y_val = parity_like(300)
net = Elman(1, 20, 2)
optimizer = torch.optim.RMSprop(net.parameters(), lr=2e-3)
loss_fn = nn.CrossEntropyLoss()

for epoch in range(12):
    net.train()
    perm = torch.randperm(len(x))
    for start in range(0, len(x), 40):
        rows = perm[start:start + 40]
        optimizer.zero_grad()
        loss = loss_fn(net(x[rows]), y[rows])
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 2.0)
        optimizer.step()

net.eval()
with torch.no_grad():
    treffer = (net(x_val).argmax(1) == y_val).float().mean().item()
print("Genauigkeit (Validierung):", round(treffer, 3))
