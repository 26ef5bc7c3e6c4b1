"""Gene expression, few samples and many genes: pick the k most correlated genes, then a small net."""
import torch
import torch.nn as nn
import torch.nn.functional as F


def most_correlated(expr, label, k):
    e = expr - expr.mean(0)
    l = (label - label.mean()).unsqueeze(1)
    r = (e * l).sum(0) / (e.norm(dim=0) * l.norm() + 1e-8)
    return r.abs().topk(k).indices


def simulate(n_samples=120, n_genes=1500, n_active=2):
    expr = torch.randn(n_samples, n_genes)
    drive = expr[:, :n_active].sum(1) + 0.4 * torch.randn(n_samples)
    return expr, (drive > 0).float()


def train(net, expr, label, steps=150):
    opt = torch.optim.AdamW(net.parameters(), lr=5e-3, weight_decay=1e-2)
    net.train()
    for _ in range(steps):
        batch = torch.randperm(len(expr))[:32]
        opt.zero_grad()
        loss = F.binary_cross_entropy_with_logits(net(expr[batch]).squeeze(-1), label[batch])
        loss.backward()
        opt.step()
    return net


def accuracy(net, expr, label):
    net.eval()
    with torch.no_grad():
        return ((net(expr).squeeze(-1) > 0).float() == label).float().mean().item()


torch.manual_seed(10)
expr, label = simulate()
order = torch.randperm(len(expr))
train_idx, test_idx = order[:80], order[80:]

genes = most_correlated(expr[train_idx], label[train_idx], k=20)
expr = expr[:, genes]
net = nn.Sequential(nn.Linear(20, 16), nn.ReLU(), nn.Dropout(0.3), nn.Linear(16, 1))
train(net, expr[train_idx], label[train_idx])
print(f"{len(genes)} genes, test accuracy {accuracy(net, expr[test_idx], label[test_idx]):.3f}")
