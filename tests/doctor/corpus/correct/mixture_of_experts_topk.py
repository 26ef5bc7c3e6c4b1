import torch
import torch.nn as nn
import torch.nn.functional as F


class MoE(nn.Module):
    def __init__(self, d_in, d_out, n_experts=4, k=2):
        super().__init__()
        self.k = k
        self.gate = nn.Linear(d_in, n_experts)
        self.experts = nn.ModuleList(
            nn.Sequential(nn.Linear(d_in, 24), nn.ReLU(), nn.Linear(24, d_out)) for _ in range(n_experts)
        )

    def forward(self, x):
        scores = self.gate(x)
        top, idx = scores.topk(self.k, dim=-1)
        w = top.softmax(-1)
        out = x.new_zeros(x.size(0), self.experts[0][-1].out_features)
        for e, expert in enumerate(self.experts):
            rows, slot = (idx == e).nonzero(as_tuple=True)
            if rows.numel():
                out = out.index_add(0, rows, w[rows, slot, None] * expert(x[rows]))
        load = F.one_hot(idx, len(self.experts)).float().mean((0, 1))
        balance = len(self.experts) * (load * scores.softmax(-1).mean(0)).sum()
        return out, balance


torch.manual_seed(9)
x = torch.randn(500, 5)
y = torch.where(x[:, :1] > 0, x[:, 1:2], -2 * x[:, 2:3])
moe = MoE(5, 1)
opt = torch.optim.Adam(moe.parameters(), lr=5e-3)
for epoch in range(6):
    moe.train()
    for i in torch.randperm(400).split(40):
        pred, aux = moe(x[i])
        loss = F.mse_loss(pred, y[i]) + 0.01 * aux
        opt.zero_grad()
        loss.backward()
        opt.step()
    moe.eval()
    with torch.no_grad():
        print(epoch, F.mse_loss(moe(x[400:])[0], y[400:]).item())
