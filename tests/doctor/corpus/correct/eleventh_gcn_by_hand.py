"""Semi-supervised node classification: a two-layer GCN written with plain matrix products."""
import torch
from torch import nn
from torch.nn import functional as F

torch.manual_seed(58)

N, CLASSES, DIM = 240, 4, 16
label = torch.randint(CLASSES, (N,))
same = label[:, None] == label[None, :]
upper = (torch.rand(N, N) < torch.where(same, 0.08, 0.012)).float().triu(1)
adj = upper + upper.T
feat = 0.5 * torch.randn(CLASSES, DIM)[label] + torch.randn(N, DIM)

# D^-1/2 (A + I) D^-1/2
a_hat = adj + torch.eye(N)
d = a_hat.sum(1).rsqrt()
a_hat = d[:, None] * a_hat * d[None, :]

perm = torch.randperm(N)
train_mask = torch.zeros(N, dtype=torch.bool)
val_mask = torch.zeros(N, dtype=torch.bool)
test_mask = torch.zeros(N, dtype=torch.bool)
train_mask[perm[:32]] = True
val_mask[perm[32:90]] = True
test_mask[perm[90:]] = True


class GCN(nn.Module):
    def __init__(self, hidden=24):
        super().__init__()
        self.w1 = nn.Linear(DIM, hidden, bias=False)
        self.b1 = nn.Parameter(torch.zeros(hidden))
        self.w2 = nn.Linear(hidden, CLASSES, bias=False)
        self.b2 = nn.Parameter(torch.zeros(CLASSES))

    def forward(self, x, a):
        x = F.dropout(x, 0.3, training=self.training)
        x = F.relu(a @ self.w1(x) + self.b1)
        x = F.dropout(x, 0.5, training=self.training)
        return a @ self.w2(x) + self.b2


model = GCN()
opt = torch.optim.Adam(
    [
        {"params": [model.w1.weight, model.b1], "weight_decay": 5e-4},
        {"params": [model.w2.weight, model.b2], "weight_decay": 0.0},
    ],
    lr=0.01,
)

best_val, best_state = -1.0, {}
for epoch in range(1, 121):
    model.train()
    opt.zero_grad()
    out = model(feat, a_hat)
    F.cross_entropy(out[train_mask], label[train_mask]).backward()
    opt.step()

    model.eval()
    with torch.no_grad():
        guess = model(feat, a_hat).argmax(1)
    val_acc = (guess[val_mask] == label[val_mask]).float().mean().item()
    if val_acc > best_val:
        best_val = val_acc
        best_state = {k: v.clone() for k, v in model.state_dict().items()}
        print(f"epoch {epoch:3d}: validation accuracy {val_acc:.3f}")

model.load_state_dict(best_state)
model.eval()
with torch.no_grad():
    guess = model(feat, a_hat).argmax(1)
print("test accuracy", (guess[test_mask] == label[test_mask]).float().mean().item())
