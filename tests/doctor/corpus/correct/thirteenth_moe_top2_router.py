# Sparse mixture-of-experts regressor, top-2 routing + load balancing term
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(5)


class MoE(nn.Module):
    def __init__(self, d_in, d_hidden, n_experts=4, k=2):
        super().__init__()
        self.k = k
        self.n_experts = n_experts
        self.gate = nn.Linear(d_in, n_experts, bias=False)
        self.experts = nn.ModuleList(
            nn.Sequential(nn.Linear(d_in, d_hidden), nn.ReLU(), nn.Linear(d_hidden, 1))
            for _ in range(n_experts)
        )

    def forward(self, x):
        probs = self.gate(x).softmax(dim=-1)
        top_p, top_i = probs.topk(self.k, dim=-1)
        top_p = top_p / top_p.sum(dim=-1, keepdim=True)

        out = x.new_zeros(x.size(0), 1)
        for e, expert in enumerate(self.experts):
            rows, slot = (top_i == e).nonzero(as_tuple=True)
            if rows.numel() == 0:
                continue
            contribution = top_p[rows, slot].unsqueeze(1) * expert(x[rows])
            out = out.index_add(0, rows, contribution)

        # Switch-transformer style auxiliary loss
        load = F.one_hot(top_i, self.n_experts).float().sum(dim=(0, 1)) / top_i.numel()
        importance = probs.mean(dim=0)
        aux = self.n_experts * (load * importance).sum()
        return out.squeeze(1), aux


def target(x):
    region = (x[:, 0] > 0).long() + 2 * (x[:, 1] > 0).long()
    slopes = torch.tensor([1.0, -1.0, 2.0, -2.0])
    return slopes[region] * x[:, 2] + 0.3 * x[:, 3]


x_train = torch.randn(1000, 6)
x_val = torch.randn(300, 6)
y_train, y_val = target(x_train), target(x_val)

model = MoE(6, 24)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)

for epoch in range(20):
    model.train()
    for idx in torch.randperm(len(x_train)).split(100):
        pred, aux = model(x_train[idx])
        loss = F.mse_loss(pred, y_train[idx]) + 0.01 * aux
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    if epoch % 5 == 4:
        model.eval()
        with torch.no_grad():
            pred, aux = model(x_val)
            print(f"epoch {epoch + 1:2d}  val mse {F.mse_loss(pred, y_val).item():.4f}  balance {aux.item():.3f}")
