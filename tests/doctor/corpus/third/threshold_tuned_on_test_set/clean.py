import argparse
import numpy as np
import torch
from torch import nn
from sklearn.metrics import f1_score
from sklearn.model_selection import train_test_split

parser = argparse.ArgumentParser()
parser.add_argument("--epochs", type=int, default=15)
parser.add_argument("--pos-rate", type=float, default=0.08)
parser.add_argument("--seed", type=int, default=4)
args = parser.parse_args()


def screening(n, pos_rate, rng):
    y = (rng.random(n) < pos_rate).astype("int64")
    x = rng.normal(size=(n, 10)) + 0.8 * y[:, None] * (np.arange(10) < 4)
    return x.astype("float32"), y


def probabilities(model, x):
    model.eval()
    with torch.no_grad():
        return torch.sigmoid(model(torch.from_numpy(x))).squeeze(1).numpy()


def best_threshold(y, p, grid=np.linspace(0.02, 0.98, 97)):
    return max(grid, key=lambda c: f1_score(y, p >= c, zero_division=0))


rng = np.random.default_rng(args.seed)
torch.manual_seed(args.seed)
x, y = screening(2400, args.pos_rate, rng)
x_rest, x_test, y_rest, y_test = train_test_split(x, y, test_size=300, stratify=y, random_state=0)
x_train, x_val, y_train, y_val = train_test_split(x_rest, y_rest, test_size=600, stratify=y_rest, random_state=0)

model = nn.Sequential(nn.Linear(10, 32), nn.ReLU(), nn.Linear(32, 1))
opt = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=1e-2)
loss_fn = nn.BCEWithLogitsLoss()
xt, yt = torch.from_numpy(x_train), torch.from_numpy(y_train).float()[:, None]
for epoch in range(args.epochs):
    model.train()
    for i in torch.randperm(len(xt)).split(50):
        opt.zero_grad()
        loss_fn(model(xt[i]), yt[i]).backward()
        opt.step()

p_val, p_test = probabilities(model, x_val), probabilities(model, x_test)
cut = best_threshold(y_val, p_val)
print(f"threshold {cut:.2f}  test F1 {f1_score(y_test, p_test >= cut):.3f}")
