import numpy as np
import torch
import torch.nn as nn
from sklearn.model_selection import ShuffleSplit

# 120 subjects, 10 recordings each; the diagnosis belongs to the subject
rng = np.random.default_rng(7)
S, R, D = 120, 10, 24
diagnosis = rng.integers(0, 2, S)
signature = rng.normal(size=(S, D))
signature[:, 0] += 1.6 * diagnosis
X = (signature[:, None, :] + 0.15 * rng.normal(size=(S, R, D))).reshape(S * R, D)
y = np.repeat(diagnosis, R)
subject = np.repeat(np.arange(S), R)


def split_rows(owner, seed):
    splitter = ShuffleSplit(n_splits=1, test_size=0.25, random_state=seed)
    return next(splitter.split(owner))


def tensors(idx, mean, std):
    return torch.tensor((X[idx] - mean) / std).float(), torch.tensor(y[idx]).float()


class Probe(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(D, 64), nn.ReLU(), nn.Dropout(0.2), nn.Linear(64, 1))

    def forward(self, x):
        return self.body(x).squeeze(1)


torch.manual_seed(7)
tr, te = split_rows(subject, seed=7)
mean, std = X[tr].mean(0), X[tr].std(0)
x_tr, y_tr = tensors(tr, mean, std)
x_te, y_te = tensors(te, mean, std)
net = Probe()
opt = torch.optim.AdamW(net.parameters(), lr=3e-3, weight_decay=1e-2)
for epoch in range(25):
    net.train()
    for b in torch.randperm(len(x_tr)).split(60):
        opt.zero_grad()
        nn.functional.binary_cross_entropy_with_logits(net(x_tr[b]), y_tr[b]).backward()
        opt.step()
net.eval()
with torch.no_grad():
    acc = ((net(x_te) > 0) == (y_te > 0.5)).float().mean().item()
print(f"recordings: {len(tr)} train, {len(te)} test; accuracy {acc:.3f}")
