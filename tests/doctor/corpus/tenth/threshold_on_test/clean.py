"""Binding-site prediction (synthetic residues). Reports F1 and MCC on the held-out proteins."""
import torch
import torch.nn as nn

torch.manual_seed(10)
W = torch.randn(14)


def residues(n):
    x = torch.randn(n, 14)
    y = ((x @ W) / 3 + torch.randn(n) > 2.0).long()
    return x, y


def scores_at(prob, y, t):
    p = prob >= t
    tp, fp = (p & (y == 1)).sum().double(), (p & (y == 0)).sum().double()
    fn, tn = (~p & (y == 1)).sum().double(), (~p & (y == 0)).sum().double()
    f1 = 2 * tp / (2 * tp + fp + fn).clamp(min=1)
    mcc = (tp * tn - fp * fn) / ((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)).sqrt().clamp(min=1)
    return f1.item(), mcc.item()


def search_threshold(prob, y):
    grid = [k / 100 for k in range(1, 100)]
    return max(grid, key=lambda t: scores_at(prob, y, t)[0])


x_tr, y_tr = residues(1500)
x_va, y_va = residues(300)
x_te, y_te = residues(300)

net = nn.Sequential(nn.Linear(14, 32), nn.ReLU(), nn.Dropout(0.3), nn.Linear(32, 1), nn.Flatten(0))
opt = torch.optim.AdamW(net.parameters(), lr=3e-3, weight_decay=1e-2)
bce = nn.BCEWithLogitsLoss()
for epoch in range(12):
    net.train()
    for idx in torch.randperm(len(x_tr)).split(50):
        opt.zero_grad()
        bce(net(x_tr[idx]), y_tr[idx].float()).backward()
        opt.step()

net.eval()
with torch.no_grad():
    prob_va, prob_te = torch.sigmoid(net(x_va)), torch.sigmoid(net(x_te))
print("val F1 at 0.5: %.3f" % scores_at(prob_va, y_va, 0.5)[0])
best_t = search_threshold(prob_va, y_va)
f1, mcc = scores_at(prob_te, y_te, best_t)
print("threshold %.2f -> test F1 %.3f, test MCC %.3f" % (best_t, f1, mcc))
