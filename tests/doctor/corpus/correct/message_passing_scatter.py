import torch
from torch import nn


class MessageLayer(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.msg = nn.Linear(2 * d, d)
        self.upd = nn.GRUCell(d, d)

    def forward(self, h, edges):
        src, dst = edges
        m = torch.relu(self.msg(torch.cat([h[src], h[dst]], 1)))
        agg = torch.zeros_like(h).index_add_(0, dst, m)
        return self.upd(agg, h)


class Net(nn.Module):
    def __init__(self, d=12):
        super().__init__()
        self.inp = nn.Linear(2, d)
        self.layers = nn.ModuleList([MessageLayer(d), MessageLayer(d)])
        self.out = nn.Linear(d, 1)

    def forward(self, x, edges, graph, n_graphs):
        h = self.inp(x)
        for layer in self.layers:
            h = layer(h, edges)
        pooled = torch.zeros(n_graphs, h.size(1)).index_add_(0, graph, h)
        return self.out(pooled).squeeze(1)


torch.manual_seed(50)
net = Net()
opt = torch.optim.Adam(net.parameters(), lr=5e-3)
for step in range(40):
    x = torch.randn(64, 2)
    edges = torch.randint(0, 4, (2, 96)) + 4 * torch.randint(0, 16, (96,))
    graph = torch.arange(16).repeat_interleave(4)
    target = torch.zeros(16).index_add_(0, graph, x[:, 0])
    loss = nn.functional.mse_loss(net(x, edges, graph, 16), target)
    opt.zero_grad()
    loss.backward()
    opt.step()
print(loss.item())
